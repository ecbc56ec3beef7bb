import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readBannedWords, SHIPPED_BANNED_WORDS } from '../../src/intake/banned-words.ts'
import { folderOf } from './route-folder.ts'

const idsIn = (text: string, ...except: string[]): string[] => SHIPPED_BANNED_WORDS.findIn(text, except).map(({ id }) => id)

describe('the shipped words find', () => {
  test.each([
    ['クーポンで再予約', ['coupon']],
    ['ｸｰﾎﾟﾝ配布中', ['coupon']],
    ['Use coupon ABC', ['coupon']],
    ['คูปองส่วนลด', ['coupon', 'discount']],
    ['優惠券', ['coupon', 'promotion']],
    ['春のキャンペーン実施中', ['campaign']],
    ['サマーセール開催', ['sale']],
    ['SUMMER SALE', ['sale']],
    ['口座振替割引', ['discount']],
    ['500円値引', ['discount']],
    ['ลดราคา', ['discount']],
    ['全館8折', ['discount']],
    ['特價', ['discount']],
    ['最大50%OFF', ['money-off']],
    ['最大５０％ＯＦＦ', ['money-off']],
    ['次回500円引き', ['money-off']],
    ['ポイントを100進呈', ['points-gift']],
    ['ポイント5倍', ['points-gift']],
    ['お得なプラン', ['bargain']],
    ['今だけの特別価格', ['hurry']],
    ['期間限定', ['limited']],
    ['จำนวนจำกัด', ['limited']],
    ['無料体験はこちら', ['free-trial']],
    ['Start your free trial', ['free-trial']],
    ['もれなくプレゼント', ['gift']],
    ['おすすめ商品', ['recommendation']],
    ['新商品のご案内', ['new-product']],
    ['โปรโมชั่น', ['promotion']],
    ['優惠', ['promotion']],
  ])('%s', (text, ids) => expect(idsIn(text)).toEqual(ids))
})

describe('the shipped words leave alone', () => {
  test.each([
    'セールス担当の山田が伺います',
    'セールスマン',
    'ホールセール株式会社',
    'Wholesale Foods, point of sale 3',
    'ポイント残高は1,200ポイントです',
    '120ポイントを付与いたしました',
    'ご利用料金12,800円引き落としのお知らせ',
    '30,000円引き出し',
    'お得意様各位',
    'システム更新作業のお知らせ',
    'もれなくご記入ください',
    'ポイントデータのバックアップ',
    '12,800円引っ越し代として',
    'お早めのご確認をおすすめいたします',
    '送料無料',
    'プレゼント包装',
    'プレゼンテーション資料',
    'フリーダイヤル 0120-000-000（通話無料）',
    'คุ้มครองข้อมูลส่วนบุคคล',
    '摺疊傘2折疊',
  ])('%s', (text) => expect(idsIn(text)).toEqual([]))
})

describe('within a text that is excepted', () => {
  test.each([
    ['a word does not count', '口座振替割引として55円', ['口座振替割引'], []],
    ['nor in another width', 'ﾃﾞﾋﾞｯﾄ割引', ['デビット割引'], []],
    ['nor the second time', '口座振替割引、口座振替割引', ['口座振替割引'], []],
    ['but the same word elsewhere does', '口座振替割引に加え、早期割引', ['口座振替割引'], ['discount']],
    ['and so does one that goes beyond it', 'クーポン', ['クー'], ['coupon']],
    ['and any other', '口座振替割引キャンペーン', ['口座振替割引'], ['campaign']],
  ])('%s', (_, text, except, ids) => expect(idsIn(text, ...except)).toEqual(ids))
})

describe('a file of words', () => {
  /** With its name alone in place of its path. */
  const readingOf = (text: string) => {
    const reading = readBannedWords(join(folderOf({ 'words.yaml': text }), 'words.yaml'))
    return reading.kind === 'read' ? reading : reading.faults.map((fault) => fault.replace(/^.*\//, ''))
  }

  test('may be a company’s own', () => {
    const reading = readBannedWords(
      join(folderOf({ 'words.yaml': '- { id: fair, pattern: フェア, says: news of a fair }\n' }), 'words.yaml'),
    )
    expect(reading.kind === 'read' && reading.words.findIn('北海道フェアのクーポン', [])).toEqual([
      { id: 'fair', says: 'news of a fair', found: 'フェア' },
    ])
  })

  const WORDS = 'write a list of { id, pattern, says }'
  test.each<[what: string, text: string, faults: string[]]>([
    ['is empty', '', [`words.yaml:1 (the whole file): ${WORDS}`]],
    ['has an empty list', '[]', [`words.yaml:1 (the whole file): ${WORDS}`]],
    ['is a mapping', 'coupon: クーポン\n', [`words.yaml:1 (the whole file): ${WORDS}`]],
    ['is no YAML', '- {\n', ['words.yaml:2 is not YAML (BAD_INDENT)']],
    ['has an alias without an anchor', '- *secret\n', [`words.yaml:1 (the whole file): ${WORDS}`]],
    [
      'has several faults',
      '- secret\n- { id: A B, pattern: "a*", says: "" }\n- { id: a, says: x }\n- id: b\n  pattern: b\n  says: b\n  why: b\n',
      [
        'words.yaml:1 [0]: write { id, pattern, says }, and nothing else',
        'words.yaml:2 [1].id: write a name of a-z, 0-9 and hyphens, such as coupon',
        'words.yaml:2 [1].pattern: write one that matches no empty text',
        'words.yaml:2 [1].says: write why it is taken for advertising',
        'words.yaml:3 [2].pattern: write a regular expression, in quotes',
        'words.yaml:4 [3]: write { id, pattern, says }, and nothing else',
      ],
    ],
    [
      'has a name twice',
      '- { id: a, pattern: a, says: a }\n- { id: a, pattern: b, says: "" }\n',
      [
        'words.yaml:2 [1].says: write why it is taken for advertising',
        'words.yaml:2 [1].id: choose another name: this one is there before',
      ],
    ],
  ])('that %s is refused, with line and remedy and no value', (_, text, faults) => expect(readingOf(text)).toEqual(faults))

  test('that is not there is refused', () => {
    expect(readBannedWords('/nowhere/words.yaml')).toEqual({
      kind: 'faulty',
      faults: ['/nowhere/words.yaml cannot be read (ENOENT): name the file with the words, or leave bannedWords out'],
    })
  })
})
