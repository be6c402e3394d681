/**
 * Parameters of `content-type` and `content-disposition`, read leniently: browsers and curl send
 * values that are no structured fields.
 */

/**
 * A parameter of a header value: the text after `name=`, up to the next semicolon, or in quotes.
 * Names are compared in lower case.
 */
export function readParameter(value: string, name: string): string | undefined {
  let at = value.indexOf(';')
  while (at >= 0) {
    const start = skipBlanks(value, at + 1)
    const equals = value.indexOf('=', start)
    if (equals < 0) return undefined
    const next = endOfParameter(value, start)
    if (equals < next && value.slice(start, equals).trim().toLowerCase() === name) {
      return readValue(value.slice(equals + 1, next).trim())
    }
    at = next < value.length ? next : -1
  }
  return undefined
}

/** The type in front of the parameters, in lower case. */
export function readType(value: string): string {
  const end = value.indexOf(';')
  return (end < 0 ? value : value.slice(0, end)).trim().toLowerCase()
}

function skipBlanks(text: string, start: number): number {
  let at = start
  while (text.charCodeAt(at) === 0x20 || text.charCodeAt(at) === 0x09) at++
  return at
}

/** The position of the next semicolon outside quotes. */
function endOfParameter(text: string, start: number): number {
  let isQuoted = false
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) isQuoted = !isQuoted
    else if (code === 0x5c && isQuoted) at++
    else if (code === 0x3b && !isQuoted) return at
  }
  return text.length
}

function readValue(text: string): string {
  if (!text.startsWith('"')) return text
  const end = text.indexOf('"', 1)
  if (end > 0 && !text.includes('\\')) return text.slice(1, end)
  let value = ''
  for (let at = 1; at < text.length; at++) {
    const char = text.charAt(at)
    if (char === '"') return value
    if (char === '\\' && isEscaped(text.charAt(at + 1))) value += text.charAt(++at)
    else value += char
  }
  return value
}

function isEscaped(char: string): boolean {
  return char === '"' || char === '\\'
}
