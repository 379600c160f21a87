// Whether the documents' links lead somewhere: every relative link of a Markdown file names a file or folder of the tree. Pure.
import { posix } from 'node:path';

/** Links that lead nowhere, one line each. */
export function brokenLinks(tree: ReadonlyMap<string, string>): string[] {
  const known = new Set<string>(['.']);
  for (const path of tree.keys()) for (let at = path; at !== '.'; at = posix.dirname(at)) known.add(at);
  return [...tree]
    .filter(([path]) => path.endsWith('.md'))
    .flatMap(([path, text]) =>
      linksOf(text).flatMap(({ line, target }) => {
        const to = posix.normalize(posix.join(posix.dirname(path), target)).replace(/\/$/, '');
        return known.has(to) ? [] : [`${path}:${line}: ${target} is not there`];
      }),
    );
}

/** Relative links, without their anchors. Code blocks hold none, and neither do links to other places. */
function linksOf(text: string): { readonly line: number; readonly target: string }[] {
  let inCode = false;
  return text.split('\n').flatMap((content, index) => {
    if (content.startsWith('```')) inCode = !inCode;
    if (inCode) return [];
    const found = [...content.replaceAll(/`[^`]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link.split('#')[0] ?? '');
    return found.filter((target) => target !== '' && !/^[a-z]+:/.test(target)).map((target) => ({ line: index + 1, target }));
  });
}
