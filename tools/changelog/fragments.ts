// The fragments of changes/, and the part of CHANGELOG.md that they make. Pure. Used by `npm run changelog`, and by `npm run check`, which refuses
// fragments that would not be collected.

/** Kinds of change, in the order in which a release lists them. */
const KINDS: Readonly<Record<string, string>> = {
  added: 'Added',
  changed: 'Changed',
  fixed: 'Fixed',
  removed: 'Removed',
  security: 'Security',
};

const NAME = /^changes\/[a-z0-9-]+\.([a-z]+)\.md$/;

/** The fragments of a tree. */
export const fragmentsIn = (tree: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
  new Map([...tree].filter(([path]) => path.startsWith('changes/') && path !== 'changes/README.md'));

/** Fragments that have another name or form than they should, one line each. */
export function wrongFragments(tree: ReadonlyMap<string, string>): string[] {
  return [...fragmentsIn(tree)].flatMap(([path, text]) => {
    const kind = NAME.exec(path)?.[1] ?? '';
    if (!Object.hasOwn(KINDS, kind)) return [`${path}: is not named SUBJECT.KIND.md with a kind of ${Object.keys(KINDS).join(', ')}`];
    if (text.trim() === '') return [`${path}: says nothing`];
    return /^#/m.test(text) ? [`${path}: has a heading; the release gives it one`] : [];
  });
}

/** The changelog with a release put on top of the earlier ones. */
export function released(changelog: string, fragments: ReadonlyMap<string, string>, version: string, date: string): string {
  const parts = Object.entries(KINDS).flatMap(([kind, heading]) => {
    const texts = [...fragments]
      .filter(([path]) => NAME.exec(path)?.[1] === kind)
      .map(([, text]) => `- ${text.trim().replaceAll('\n', '\n  ')}`);
    return texts.length === 0 ? [] : [`### ${heading}`, texts.join('\n')];
  });
  const release = [`## ${version} (${date})`, ...parts].join('\n\n');
  const at = changelog.indexOf('\n## ');
  if (at < 0) return `${changelog.trimEnd()}\n\n${release}\n`;
  return `${changelog.slice(0, at).trimEnd()}\n\n${release}\n${changelog.slice(at)}`;
}
