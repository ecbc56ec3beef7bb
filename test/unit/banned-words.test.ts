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
    ['优惠券', ['coupon', 'promotion']],
    ['买一送一', ['promotion']],
    ['限时特价', ['discount', 'limited']],
    ['全馆八折', ['discount']],
    ['促销', ['promotion']],
    ['50 percent off', ['money-off']],
    ['￥500引き', ['money-off']],
    ['ポイント10 倍', ['points-gift']],
    ['Buy one, get one free', ['promotion']],
    ['Order now', ['hurry-en']],
    ['Hurry, last chance', ['hurry-en']],
    ['วันนี้เท่านั้น', ['hurry-th']],
  ])('%s', (text, ids) => expect(idsIn(text)).toEqual(ids))
})

describe('the shipped words find what people read as a word, though it is written', () => {
  test.each([
    ['with a space that has no width', 'ク\u200bーポン', 'coupon'],
    ['with a soft hyphen', 'Cou\u00adpon', 'coupon'],
    ['with a joiner', 'クー\u2060ポン', 'coupon'],
    ['with a variation selector', '割\u{e0100}引', 'discount'],
    ['in Thai, with a space that has no width', 'ลด\u200bราคา', 'discount'],
    ['with gaps', 'ク ー ポ ン', 'coupon'],
    ['with a wide gap', '特\u3000價', 'discount'],
    ['over two lines', 'クー\nポン', 'coupon'],
    ['with a minus sign', 'セ－ル', 'sale'],
    ['with a dash', 'セ—ル', 'sale'],
    ['with a sound mark by itself', 'クーホ゜ン', 'coupon'],
    ['in hiragana', 'くーぽん', 'coupon'],
    ['in circles', 'ⒸⓄⓊⓅⓄⓃ', 'coupon'],
    ['with a number after it', 'SALE2026', 'sale'],
    ['with a wide number after it', 'coupon２', 'coupon'],
    ['with an underline after it', 'sale_now', 'sale'],
  ])('%s', (_, text, id) => expect(idsIn(text)).toEqual([id]))
})

test('words two lines apart stay apart', () => expect(idsIn('割\n\n引')).toEqual([]))

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
    'Track your order now with the button below.',
    'Your order now ships from our Osaka warehouse.',
    'No need to hurry: doors open at 17:30.',
    'Please arrive early; limited time slots remain for parking.',
    'Your payment is overdue. Act now to avoid disconnection.',
    'This is your last chance to pay before disconnection.',
    'Please save 10% of your usual power today.',
    'Water supply is interrupted for a limited time tonight.',
    'All sales are final. Receipt no. 33.',
    'Service interruption: sales system is unavailable.',
    'Item: 50% off-white cotton shirt',
    'Your promotion exam application was received.',
    '残高から500円引かれました。',
    '今だけ一時的に繋がりにくい状況です。',
    '断水のお知らせ：本日限りの臨時工事です。',
    '期間限定パスワードは10分間有効です。',
    'ポイント還元ではなく現金での返金となります。',
    '返金額にはポイント5倍分の取消を含みます。',
    '新製品登録（保証登録）が完了しました。',
    '您的限時掛號郵件已寄出',
    '限時專送包裹配達失敗',
    '限時繳費碼將於10分鐘後失效。',
    '今日停車位限時2小時。',
    '本日限量供水，請儲水備用。',
    '繳費期限：僅限今日23:59前。',
    '請把握機會於期限內補件。',
    '法院拍賣會改期通知。',
    '清倉作業期間倉庫暫停出貨。',
    '第三折線分行預約已確認。',
    '八折路12號 收件人王先生',
    'น้ำประปาหยุดไหลชั่วคราวเฉพาะวันนี้',
    'ชำระวันนี้เท่านั้น มิฉะนั้นจะถูกตัดไฟ',
    'ที่จอดรถมีจำนวนจำกัด',
    'ใช้ได้ระยะเวลาจำกัด: รหัส OTP หมดอายุใน 5 นาที',
  ])('%s', (text) => expect(idsIn(text)).toEqual([]))
})

/** What is sold may be called anything, and a bill may have a discount: that is what exceptions are for. */
describe('the shipped words find also what is honest', () => {
  test.each([
    ['お品物：期間限定チョコレート詰め合わせ 1点', ['limited']],
    ['お品物：セール品 スニーカー 25cm', ['sale']],
    ['ご請求額：5,400円（うち早収割引 -120円）', ['discount']],
    ['合計 3,980円（クーポンご利用 -500円）', ['coupon']],
    ['予防接種キャンペーン会場の変更', ['campaign']],
    ['Item: Limited Edition Figure', ['limited']],
    ['電費節能獎勵折扣 -12元', ['discount']],
  ])('%s', (text, ids) => expect(idsIn(text)).toEqual(ids))
})

describe('within a text that is excepted', () => {
  test.each([
    ['a word does not count', '口座振替割引として55円', ['口座振替割引'], []],
    ['nor in another width', 'ﾃﾞﾋﾞｯﾄ割引', ['デビット割引'], []],
    ['nor the second time', '口座振替割引、口座振替割引', ['口座振替割引'], []],
    ['but the same word elsewhere does', '口座振替割引に加え、早期割引', ['口座振替割引'], ['discount']],
    ['and so does one that goes beyond it', 'クーポン', ['クー'], ['coupon']],
    ['and one that begins in it', 'Now save 50% off everything', ['save 50%'], ['money-off']],
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
    [
      'is no YAML',
      '- {\n',
      ['words.yaml:2: not YAML (BAD_INDENT); mend the YAML: a text that begins with {, [, & or * goes in quotes'],
    ],
    [
      'has an alias without an anchor',
      '- *secret\n',
      ['words.yaml:1: an alias without an anchor; put a text that begins with * in quotes'],
    ],
    [
      'has too many words',
      Array.from({ length: 201 }, (_, index) => `- { id: w${index}, pattern: w${index}, says: x }`).join('\n'),
      ['words.yaml:1 (the whole file): write at most 200: make alternatives (a|b) of them'],
    ],
    [
      'takes too long as a whole',
      Array.from({ length: 40 }, (_, index) => `- { id: w${index}, pattern: "(?:a{0,16}){0,2}b${index}", says: x }`).join('\n'),
      ['words.yaml:1 (the whole file): repeat less in the patterns: together they might take too long'],
    ],
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
