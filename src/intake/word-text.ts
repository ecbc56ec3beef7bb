/** A text as a person reads it: letters and digits in one width, nothing that is not seen, no gaps within Japanese and Chinese words,
 *  and 「ー」 where a dash stands for it. A gap of two lines remains. */
export const asRead = (text: string): string =>
  text
    .replace(UNSEEN, '')
    .replaceAll('゛', '\u3099')
    .replaceAll('゜', '\u309a')
    .normalize('NFKC')
    .replace(GAP, '')
    .replace(DASH, 'ー')

const UNSEEN = /\p{Default_Ignorable_Code_Point}+/gu
const GAP =
  /(?<=[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}])(?:[^\S\n]{1,3}|[^\S\n]{0,3}\n[^\S\n]{0,3})(?=[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}])/gu
const DASH = /(?<=\p{scx=Kana})[-‐‑‒–—―−─━](?=\p{scx=Kana})/gu
