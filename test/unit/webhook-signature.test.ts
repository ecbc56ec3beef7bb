import { describe, expect, test } from 'vitest'
import { isSignatureShaped, isSignedWith } from '../../src/providers/line/signature.ts'

const SECRET = '8c570fa6dd201bb328f1c1eac23a96d8'
const OFFICIAL = '{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[]}'
const OFFICIAL_SIGNATURE = 'GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs='
const TAGGED =
  '{"destination":"Uc7472b39e21dab71c2347e02714630d6","events":[{"type":"delivery","delivery":{"data":"15034552939884E28681A7D668CEA94C147C716C0EC9DFE8B80B44EF3B57F6BD0602366BC3menu01"},"webhookEventId":"01G17EJCGAVV66J5WNA7ZCTF6H","deliveryContext":{"isRedelivery":false},"timestamp":1650591346705,"mode":"active"}]}'
const HASHED =
  '{"destination":"Uc7472b39e21dab71c2347e02714630d6","events":[{"type":"delivery","delivery":{"data":"d41e0ad70dddfeb68f149ad6fc61574b9c5780ab7bcb2fba5517771ffbb2409c"},"webhookEventId":"01G17DAF0QJ7A3ERC5EJ9MAMH8","deliveryContext":{"isRedelivery":false},"timestamp":1650590038721,"mode":"active"}]}'
const JAPANESE =
  '{"destination":"Uc7472b39e21dab71c2347e02714630d6","events":[{"type":"message","message":{"type":"text","id":"1","text":"受け取りました😀"},"timestamp":1650591346705,"source":{"type":"user","userId":"U00000000000000000000000000000001"},"mode":"active","webhookEventId":"01G17EJCGAVV66J5WNA7ZCTF6J","deliveryContext":{"isRedelivery":false}}]}'

describe('a signature holds for the bytes that LINE signed', () => {
  test.each([
    ["LINE's own example", OFFICIAL, OFFICIAL_SIGNATURE],
    ['a delivery event with its tag', TAGGED, 'Gy8RRsIw8Sg/wEOEZAuhYHOfn22eC6icIkutwmxn6N4='],
    ['a delivery event with a digest', HASHED, 'jQIuJ2z2X7gkycJb/iO6n9CGGf+04uJf4by47Tc6Cj0='],
    ['Japanese, and an emoji, in UTF-8', JAPANESE, 'FXI0g5xI85QYhRaAdW9oQsFcC2pRDTE9K2aWC+onFAQ='],
  ])('%s', (_what, body, signature) => {
    expect(isSignedWith(SECRET, Buffer.from(body), signature)).toBe(true)
  })
})

describe('and not for', () => {
  test('another secret', () => {
    expect(isSignedWith(`${SECRET} `, Buffer.from(OFFICIAL), OFFICIAL_SIGNATURE)).toBe(false)
  })

  test('the same JSON written anew', () => {
    const rewritten = JSON.stringify(JSON.parse(OFFICIAL), null, 1)
    expect(isSignedWith(SECRET, Buffer.from(rewritten), OFFICIAL_SIGNATURE)).toBe(false)
  })

  test.each([
    ['nothing', ''],
    ['its digest in hex', Buffer.from(OFFICIAL_SIGNATURE, 'base64').toString('hex')],
    ['base64url', OFFICIAL_SIGNATURE.replace('+', '-')],
    ['what is left of it without its end', OFFICIAL_SIGNATURE.slice(0, -2)],
    ['the right one with something before it that a decoder passes over', `!${OFFICIAL_SIGNATURE}`],
    ['two headers, joined', `${OFFICIAL_SIGNATURE}, ${OFFICIAL_SIGNATURE}`],
  ])('%s', (_what, signature) => {
    expect(isSignedWith(SECRET, Buffer.from(OFFICIAL), signature)).toBe(false)
    expect(isSignedWith(SECRET, UNREADABLE, signature)).toBe(false) // without a look at the body, however long it is
    expect(isSignatureShaped(signature)).toBe(false)
  })

  test('what is shaped like one', () => {
    expect(isSignatureShaped(OFFICIAL_SIGNATURE)).toBe(true)
    expect(() => isSignedWith(SECRET, UNREADABLE, OFFICIAL_SIGNATURE)).toThrow()
  })
})

/** No HMAC can be made of it. */
const UNREADABLE = new Proxy(Buffer.of(), {})
