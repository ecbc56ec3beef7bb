/** Columns a text takes in a terminal: two for what is wide in East Asia (kanji, kana, full-width forms, emoji), none for what combines. */
export const widthOf = (text: string): number =>
  Array.from(GRAPHEMES.segment(text), ({ segment }) => widthOfGrapheme(segment)).reduce((sum, width) => sum + width, 0)

/** By columns, not by characters. */
export const padEnd = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - widthOf(text)))
export const padStart = (text: string, width: number): string => ' '.repeat(Math.max(0, width - widthOf(text))) + text

/** As much of it as fits. */
export const cutTo = (text: string, width: number): string => {
  let cut = ''
  let taken = 0
  for (const { segment } of GRAPHEMES.segment(text)) {
    taken += widthOfGrapheme(segment)
    if (taken > width) return cut
    cut += segment
  }
  return cut
}

/** What a reader takes for one character: an emoji of several code points among them. */
const GRAPHEMES = new Intl.Segmenter('ja', { granularity: 'grapheme' })

const widthOfGrapheme = (grapheme: string): number => {
  if (EMOJI.test(grapheme)) return 2
  let width = 0
  for (const character of grapheme) width += COMBINES.test(character) ? 0 : WIDE.test(character) ? 2 : 1
  return width
}

const EMOJI = /^\p{RGI_Emoji}$/v
const COMBINES = /^[\p{Mn}\p{Me}\u200b-\u200d\u2060\ufeff]$/u
/** Unicode's East_Asian_Width W and F, as far as Japanese text has them. */
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]$/u
