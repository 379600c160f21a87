// Carries connections from a socket file, which tests can reach, to an address of the throw-away host that it runs on. Bytes pass as they are.
import net from 'node:net';

const [path = '', host = '', port = ''] = process.argv.slice(2);
net
  .createServer((near) => {
    const far = net.connect(Number(port), host);
    near.pipe(far).pipe(near);
    near.on('error', () => far.destroy());
    far.on('error', () => near.destroy());
  })
  .listen(path, () => process.stdout.write('listening\n'));
