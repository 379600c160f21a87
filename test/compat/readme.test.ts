// The README's first five minutes, exactly as they stand there, on a throw-away host: `npm start` in one shell, everything else in another.
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { runProgram } from '#host/process.ts';
import { makeHost, until } from '#test/kernel/host.ts';
import { whyNoNamespaces } from '#test/machine.ts';
import { needs } from './clients.ts';

const obstacle = whyNoNamespaces();
beforeEach((context) => context.skip(obstacle !== undefined, obstacle));
beforeEach(needs('openstackclient', 'python3-openstackclient'));

/** The commands between the README's marks, as one shell script. */
function fiveMinutes(): string {
  const text = readFileSync('README.md', 'utf8');
  const part = /<!-- tried by[^>]*-->([\s\S]*?)<!-- end -->/.exec(text)?.[1] ?? '';
  return [...part.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, commands]) => commands).join('');
}

test('the first five minutes of the README', { timeout: 300_000 }, async () => {
  const home = mkdtempSync(join(tmpdir(), 'isospin-readme-'));
  const host = await makeHost('node1');
  try {
    // The default state directory, and Debian's sudo for a root that has none.
    await host.run(['mount', '-t', 'tmpfs', 'tmpfs', '/var/lib']);
    mkdirSync(join(home, 'bin'));
    writeFileSync(join(home, 'bin/sudo'), '#!/bin/sh\nexec "$@"\n');
    chmodSync(join(home, 'bin/sudo'), 0o755);
    const shell = (script: string) => [
      'env',
      `PATH=${join(home, 'bin')}:${process.env.PATH}`,
      `HOME=${home}`,
      'bash',
      '-euc',
      `cd ${process.cwd()}; ${script}`,
    ];
    const started = host.start(shell('exec sudo npm start'));
    let said = '';
    for (const stream of [started.stdout, started.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => (said += text));
    await until('npm start is ready', () => said.includes('ready at http://127.0.0.1:9696') || (started.exitCode !== null && said), 60_000);
    expect(said).toMatch(/^isospin: ready at http:\/\/127\.0\.0\.1:9696$/m);
    expect(said).toMatch(/not enforced/);

    const script = fiveMinutes();
    expect(script).toMatch(/isospin plug/);
    const { code, stdout, stderr } = await runProgram(host.on(shell(script)), { timeout: 200_000 });
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toMatch(/3 packets transmitted, 3 received/);
    expect(stdout).toMatch(/port db is ACTIVE on .* 192\.168\.7\.20$/m);
    expect(stdout.match(/\| (web|db) .*\| ACTIVE /g)).toHaveLength(2);
    expect(stdout).toMatch(/eth0@\S+ +UP +192\.168\.7\.\d+\/24/);
    expect(stdout).toMatch(/DHCP agent/);
    // Ctrl-C reaches everything in the terminal's foreground.
    const foreground = [...host.processes()]
      .filter(([, line]) => /^npm |tools\/start|src\/cli\/main\.ts up/.test(line))
      .map(([pid]) => String(pid));
    await host.run(['kill', '-INT', ...foreground]);
    await until('npm start has ended', () => started.exitCode !== null || started.signalCode !== null, 20_000);
    const cleaned = await host.run(shell('sudo bin/isospin clean'));
    expect(cleaned).toMatch(/nothing of Isospin (is left|was) on this host/);
    const links = JSON.parse(await host.run(['ip', '-json', 'link', 'show'])) as { ifname: string }[];
    expect(links.map(({ ifname }) => ifname)).toEqual(['lo']);
  } finally {
    await host.close();
    rmSync(home, { recursive: true, force: true });
  }
});
