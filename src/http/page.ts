/** The plain page that a person sees who follows a link to the node with a browser. */
import { type Binary, byteLength, toText } from '../base/bytes.ts'
import { Message } from '../message/message.ts'
import { Atom, Float, isBinary, isInteger, Link, type Value } from '../message/value.ts'

const SHOWN_BYTES = 4_096

/** A page with the keys of a message, nested ones as links. */
export function messagePage(title: string, message: Message): string {
  const rows = [...message].map(([key, value]) => {
    return `<tr><th>${escapeHtml(key)}</th><td>${escapeHtml(shown(value))}</td></tr>`
  })
  return page(title, `<table>${rows.join('\n')}</table>`)
}

/** A page with one sentence. */
export function textPage(title: string, text: string): string {
  return page(title, `<p>${escapeHtml(text)}</p>`)
}

function page(title: string, content: string): string {
  const safe = escapeHtml(title)
  return [
    '<!doctype html>',
    `<html lang="en"><head><meta charset="utf-8"><title>${safe}</title>`,
    '<meta name="color-scheme" content="light dark">',
    '<style>body{font:16px/1.5 system-ui,sans-serif;margin:2rem}',
    'th{text-align:left;vertical-align:top;padding-right:1rem}td{word-break:break-all}</style>',
    `</head><body><h1>${safe}</h1>`,
    content,
    '</body></html>',
    '',
  ].join('\n')
}

function shown(value: Value): string {
  if (isBinary(value)) return shownBinary(value)
  if (isInteger(value)) return value.toString()
  if (value instanceof Float) return String(value.value)
  if (value instanceof Atom) return value.name
  if (value instanceof Link) return value.id
  return value instanceof Message ? `${value.size} keys` : `${value.length} items`
}

function shownBinary(value: Binary): string {
  const text = toText(value)
  if (text === undefined) return `${byteLength(value)} bytes`
  return text.length > SHOWN_BYTES ? `${text.slice(0, SHOWN_BYTES)}…` : text
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
}
