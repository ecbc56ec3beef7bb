/** A text of others as a person may be shown it, in a terminal, a log or a result: what would break the line, move the cursor, turn the reading
 *  direction or hide in the text is a replacement character, so that one sees that something was there. What words and emoji are joined and
 *  broken with stays, as people's messages are shown, too. `most`: characters; an ellipsis says that there were more.
 *
 *  | text                                                    | of whom                     | `most`                         |
 *  |---------------------------------------------------------|-----------------------------|--------------------------------|
 *  | a fault of a route file, and what it quotes             | whoever writes routes       | of a quote 80                  |
 *  | a preview, with its messages                            | producers, by their events  | none: messages are to be read  |
 *  | a trace: ids, sources, types, subjects                  | producers, by their events  | none: intake takes 1,000       |
 *  | the type of an event that no route wants, in its result | whoever writes to the topic | none: intake takes 1,000       |
 *  | a dead letter, its headers, what would become of it     | whoever writes to the topic | 1,000: a header may be endless |
 *  | what a check has found                                  | LINE, a relay, the registry | none: it is their whole answer |
 *  | the property that LINE names of a message it refused    | LINE, a relay               | 200: it goes into the journal  |
 *
 *  Programs get texts as they are: JSON has escapes of its own. What may hold a secret or a person is not cleaned but left out: as a shape
 *  (domain/phone.ts), a name (formatField), or words of letters alone (isFitForLog). */
export const printable = (text: string, most = Number.POSITIVE_INFINITY): string => {
  // A character is one or two units: more of a long text need not be looked at.
  const cut = text.length > most ? [...text.slice(0, 2 * most)].slice(0, most).join('') : text
  return `${cut.replace(STEERING, '\u{fffd}')}${cut.length < text.length ? '…' : ''}`
}

/** Controls, formatting, halves of characters, and ends of lines and paragraphs; but not soft hyphens, and what joins and parts without width. */
const STEERING = /[[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]--[\u00ad\u200b-\u200d\u2060\ufeff]]/gv
