import { type PersonKind, phoneOf } from '../../../src/line-simulator/people.ts'
import { type Chance, chanceOf } from './chance.ts'

export interface Person {
  readonly id: string
  /** E.164. */
  readonly phone: string
  readonly name: string | null
  /** Null: they live where their number is from. */
  readonly timeZone: string | null
}

/** Numbers that occur nowhere else, told by their digits. All of people who can be reached. */
export const CANARIES: readonly string[] = ['+816031415926', '+816027182818', '+816014142135', '+816057721566', '+816016180339']

/** Some of each kind that is not simply reached. */
const SHARES: readonly (readonly [PersonKind, number])[] = [
  ['not-on-line', 0.02],
  ['refuses', 0.01],
  ['blocked', 0.004],
  ['consent-pending', 0.002],
  ['authentication-pending', 0.002],
]
const NAMES = ['山田 花子', '佐藤 太郎', '鈴木 一郎', '高橋 美咲', null, null]
/** Where the window of the run is never open at the same time. */
const ELSEWHERE = 'Europe/Berlin'

/** The n-th of the people of a seed. The canaries are the first. */
export const personOf = (seed: number, n: number): Person => {
  const chance = chanceOf(seed ^ Math.imul(n + 1, 0x9e3779b1))
  const canary = CANARIES[n]
  return {
    id: `C-${n}`,
    phone: canary ?? phoneOf(...memberOf(chance, n)),
    name: chance.oneOf(NAMES),
    timeZone: chance.happens(0.05) ? (chance.happens(0.5) ? 'Asia/Tokyo' : ELSEWHERE) : null,
  }
}

const memberOf = (chance: Chance, n: number): [PersonKind, number] => {
  let share = chance.next()
  for (const [kind, of] of SHARES) {
    if (share < of) return [kind, n % 10_000]
    share -= of
  }
  return ['reachable', n]
}

/** As people and systems write it. */
export const spelt = (phone: string, chance: Chance): string => {
  const national = `0${phone.slice(3)}`
  const hyphened = `${national.slice(0, 3)}-${national.slice(3, 7)}-${national.slice(7)}`
  return chance.oneOf([
    phone,
    national,
    hyphened,
    `+81 ${hyphened.slice(1)}`,
    hyphened.replaceAll('-', ' '),
    hyphened.replace(/[0-9]/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
  ])
}

/** Numbers that nobody can be reached at, and nothing at all. */
export const UNUSABLE: readonly string[] = ['', '12345', '090-1234-56789', 'unbekannt', '+1 202-555-0143', '+44 20 7946 0958']
