// `npm run changelog -- VERSION`: puts the fragments of changes/ under a heading of CHANGELOG.md and deletes them. Without a version it prints what
// would stand there.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTree, root } from '../check/tree.ts';
import { fragmentsIn, released, wrongFragments } from './fragments.ts';

const [version] = process.argv.slice(2);
const tree = readTree();
const fragments = fragmentsIn(tree);
const wrong = wrongFragments(tree);
const today = new Date().toISOString().slice(0, 10);
if (version !== undefined && !/^\d+\.\d+\.\d+$/.test(version)) wrong.push(`'${version}' is no version: 1.2.3`);
if (fragments.size === 0) wrong.push('there is nothing in changes/');
if (wrong.length > 0) {
  for (const line of wrong) console.error(`changelog: ${line}`);
  process.exitCode = 1;
} else if (version === undefined) {
  process.stdout.write(released('', fragments, 'Unreleased', today).trimStart());
} else {
  const file = join(root, 'CHANGELOG.md');
  writeFileSync(file, released(readFileSync(file, 'utf8'), fragments, version, today));
  for (const path of fragments.keys()) rmSync(join(root, path));
  console.log(`changelog: ${fragments.size} changes stand under ${version}`);
}
