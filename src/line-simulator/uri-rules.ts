const SCHEME = /^(?:https?|line|tel):/i
/** RFC 3986's characters, percent signs only as part of an escape: LINE wants everything else percent-encoded as UTF-8. */
const CHARACTERS = /^(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/

/** What LINE says of a link it does not take, or nothing. */
export const checkUri = (uri: string): string | undefined => {
  if (!SCHEME.test(uri)) return 'invalid uri scheme'
  if (!CHARACTERS.test(uri)) return 'invalid uri'
  return undefined
}
