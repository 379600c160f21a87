// `npm run generate`: writes the generated files of list.ts that are not current, and says which.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from '../check/tree.ts';
import { generators } from './list.ts';

for (const generate of generators) {
  const { path, text } = generate();
  const file = join(root, path);
  if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  console.log(`wrote ${path}`);
}
