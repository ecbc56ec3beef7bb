import { phoneOf } from '../../src/line-simulator/people.ts'

/** As the shipped event schemas have it. */
export interface Customer {
  readonly id: string
  readonly phone: string
  readonly timeZone: string | null
  readonly name: string | null
}

/** The n-th customer: always the same, and with a number of the simulator's own, that nobody has. */
export const customerOf = (n: number): Customer => ({
  id: `C-${20_000 + n}`,
  phone: asWritten(reachable(n), n),
  timeZone: null,
  name: n % 4 === 3 ? null : `${FAMILY[n % FAMILY.length]} ${GIVEN[n % GIVEN.length]}`,
})

/** The n-th customer's number in the form that LINE's digest is made of. */
export const reachable = (n: number): string => phoneOf('reachable', (n * STRIDE) % TEN_MILLION)

/** Prime to ten million, so that no two customers share a number. All begin with 060-1. */
const STRIDE = 7_654_321
const TEN_MILLION = 10_000_000

/** Numbers as people and forms write them in Japan. */
export const asWritten = (e164: string, n: number): string => {
  const national = `0${e164.slice('+81'.length)}`
  const hyphenated = `${national.slice(0, 3)}-${national.slice(3, 7)}-${national.slice(7)}`
  switch (n % 5) {
    case 0:
    case 1:
      return hyphenated
    case 2:
      return fullWidth(hyphenated)
    case 3:
      return `+81 ${hyphenated.slice(1)}`
    default:
      return national
  }
}

const fullWidth = (text: string): string =>
  text.replace(/\d/g, (digit) => String.fromCodePoint((digit.codePointAt(0) ?? 0) + 0xfee0)).replaceAll('-', '−')

const FAMILY = ['佐藤', '鈴木', '高橋', '田中', '伊藤', '渡辺', '山本', '中村', '小林', '加藤', '吉田', '山田', '佐々木']
const GIVEN = ['花子', '太郎', '美咲', '健一', 'さくら', '翔太', '陽子', '大輔', '葵', '直樹', 'ゆかり']
