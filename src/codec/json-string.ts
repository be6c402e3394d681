/** A JSON string with the bytes that HyperBEAM writes. */

/**
 * The text in quotes: only quotes, backslashes and control characters are escaped, those without a
 * letter of their own as `\u00XX` with capital hex digits, unlike `JSON.stringify`.
 */
export function formatJsonString(text: string): string {
  if (!SPECIAL.test(text)) return `"${text}"`
  const json = JSON.stringify(text.toWellFormed())
  return json.includes('\\u00') ? json.replace(UNICODE_ESCAPE, upperCaseHex) : json
}

/** What is not written as it is, or may not be: surrogates are well formed only in pairs. */
const SPECIAL = /[^ !#-[\]-\ud7ff\ue000-\uffff]/

/** Any escape, so that the backslash of an escaped backslash is not taken for that of a `\u`. */
const UNICODE_ESCAPE = /\\(?:u00(..)|.)/g

function upperCaseHex(written: string, hex: string | undefined): string {
  return hex === undefined ? written : `\\u00${hex.toUpperCase()}`
}
