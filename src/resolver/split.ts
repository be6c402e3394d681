/** Cuts path text where a separator stands outside quotes and parentheses (`hb_util`). */

export interface Cut {
  readonly head: string
  /** The separator found, or `undefined` when the whole text is the head. */
  readonly separator: string | undefined
  readonly rest: string
}

/** The text before the first of the separators, and the text after it. */
export function cut(text: string, separators: string): Cut {
  const { end, isQuoteOpen } = scan(text, separators, 0)
  if (end < text.length) {
    return { head: text.slice(0, end), separator: text[end], rest: text.slice(end + 1) }
  }
  return { head: closed(text, isQuoteOpen), separator: undefined, rest: '' }
}

/** The non-empty parts between the separators. */
export function split(text: string, separators: string): string[] {
  const parts: string[] = []
  for (let start = 0; start < text.length; ) {
    const { end, isQuoteOpen } = scan(text, separators, start)
    if (end > start) parts.push(closed(text.slice(start, end), isQuoteOpen))
    start = end + 1
  }
  return parts
}

/** Whether the parentheses at both ends of the text belong together. */
export function isParenthesised(text: string): boolean {
  if (!text.startsWith('(') || !text.endsWith(')')) return false
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === '"') at = endOfQuote(text, at)
    else if (char === '(') depth++
    else if (char === ')' && --depth === 0) return at === text.length - 1
  }
  return false
}

/** The text without a quote in front and the one at its end. */
export function unquote(text: string): string {
  if (!text.startsWith('"')) return text
  return text.length > 1 && text.endsWith('"') ? text.slice(1, -1) : text.slice(1)
}

/** Where the first separator stands, or the length of the text. */
function scan(text: string, separators: string, from: number) {
  let depth = 0
  for (let at = from; at < text.length; at++) {
    const char = text.charAt(at)
    if (char === '"') {
      at = endOfQuote(text, at)
      if (at === text.length) return { end: text.length, isQuoteOpen: true }
    } else if (char === '(') depth++
    else if (char === ')' && depth > 0) depth--
    else if (depth === 0 && separators.includes(char)) return { end: at, isQuoteOpen: false }
  }
  return { end: text.length, isQuoteOpen: false }
}

/** The position of the closing quote; a backslash protects the character after it. */
function endOfQuote(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '"') return at
    if (text[at] === '\\' && at + 1 < text.length) at++
  }
  return text.length
}

/** A quote that is never closed counts as closed at the end. */
function closed(text: string, isQuoteOpen: boolean): string {
  return isQuoteOpen ? `${text}"` : text
}
