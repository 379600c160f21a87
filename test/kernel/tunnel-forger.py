# A hostile instance, for l2-apart.test.ts: sends, out of the device `eth0` of its namespace, UDP packets to port 4789 that hold a broadcast frame
# for somebody else's VXLAN. Arguments: DESTINATION_MAC SOURCE_ADDRESS DESTINATION_ADDRESS VNI. The frame inside asks by ARP who has 10.0.0.250.
import socket, struct, sys


def checksum(data):
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total >> 16) + (total & 0xffff)
    return ~total & 0xffff


mac, source, destination, vni = sys.argv[1:]
own = b'\x02\0\0\0\0\x66'
inner = b'\xff' * 6 + own + struct.pack('!HHHBBH', 0x0806, 1, 0x0800, 6, 4, 1) + own + socket.inet_aton('10.0.0.66') + b'\0' * 6
inner += socket.inet_aton('10.0.0.250')
packet = struct.pack('!II', 0x08000000, int(vni) << 8) + inner
udp = struct.pack('!HHHH', 4790, 4789, 8 + len(packet), 0) + packet
head = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, socket.inet_aton(source), socket.inet_aton(destination))
head = head[:10] + struct.pack('!H', checksum(head)) + head[12:]
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind(('eth0', 0))
for _ in range(3):
    out.send(bytes.fromhex(mac.replace(':', '')) + own + b'\x08\0' + head + udp)
