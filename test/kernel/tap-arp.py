# A virtual machine's side of a tap, for up.test.ts: opens it by name and asks by ARP who has an address, as the MAC and address of the tap's port.
# Arguments: DEVICE MAC ADDRESS WANTED. Prints the MAC of the answer.
import fcntl, os, select, socket, struct, sys, time

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
device, mac, address, wanted = sys.argv[1:]
own, mine, theirs = bytes.fromhex(mac.replace(':', '')), socket.inet_aton(address), socket.inet_aton(wanted)
tap = os.open('/dev/net/tun', os.O_RDWR)
fcntl.ioctl(tap, TUNSETIFF, struct.pack('16sH22x', device.encode(), IFF_TAP | IFF_NO_PI))
request = b'\xff' * 6 + own + struct.pack('!HHHBBH', 0x0806, 1, 0x0800, 6, 4, 1) + own + mine + b'\0' * 6 + theirs
deadline = time.monotonic() + 5
while time.monotonic() < deadline:
    os.write(tap, request)
    while select.select([tap], [], [], 0.2)[0]:
        frame = os.read(tap, 2048)
        if frame[12:14] == b'\x08\x06' and frame[20:22] == b'\0\2' and frame[28:32] == theirs:
            print(':'.join('%02x' % byte for byte in frame[22:28]))
            sys.exit()
sys.exit('no answer')
