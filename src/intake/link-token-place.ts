import type { FieldPathInFile } from './route-fault.ts'

/** What a route writes where a URL shall have the link token of its notification (src/domain/link-token.ts). */
export const LINK_TOKEN = '{{ tsuchi.linkToken }}'

/** Stands for the token until the notification, and with it the token, is known: as long as one, of the same characters, and none. Texts
 *  that have no token are never searched for it, so that an event that says it gains nothing. */
export const EXAMPLE_TOKEN = 'EXAMPLE-of-a-link-token-of-as-many-characters-00'

/** A person's own link must not be read out, or copied with a text: only what is opened has one. */
export const mayHaveLinkToken = (path: FieldPathInFile): boolean => {
  const [last, parent] = [path.at(-1), path.at(-2)]
  if (path[0] === 'template') return last === 'url'
  return last === 'uri' || (last === 'desktop' && parent === 'altUri')
}
