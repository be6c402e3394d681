/**
 * A device that keeps balances. The signer of its process owns what there is at first: the key
 * `supply` of the process. `Transfer` moves `Quantity` to `Recipient` and tells both; `Balance` says
 * what somebody has. Quantities are whole numbers of any size, as text.
 */
import {
  createDevice,
  createResults,
  type Device,
  inputOf,
  Message,
  type Outcome,
  ok,
  signersOf,
  textAt,
} from 'ao-scheduler'

export const balanceDevice: Device = createDevice('balance@1.0', {
  init: async (base) => {
    const process = base.get('process')
    const owner = process instanceof Message ? signersOf(process)[0] : undefined
    const supply = textAt(base, 'supply') ?? '0'
    return ok(base.with([['balances', new Message(owner === undefined ? [] : [[owner, supply]])]]))
  },
  compute: async (base, request) => {
    const message = inputOf(request)
    switch (textAt(message, 'action')) {
      case 'Transfer':
        return transfer(base, message)
      case 'Balance':
        return balance(base, message)
      default:
        return ok(base)
    }
  },
})

/** Whoever signed the message pays. What cannot be paid is told as an error, and changes nothing. */
function transfer(base: Message, message: Message): Outcome {
  const [sender] = signersOf(message)
  const recipient = textAt(message, 'recipient')
  const quantity = textAt(message, 'quantity') ?? ''
  if (sender === undefined || !recipient)
    return refuse(base, 'Sign the message and name a Recipient')
  if (!/^[1-9]\d{0,77}$/.test(quantity)) return refuse(base, 'Expected a whole Quantity above 0')
  const left = amountOf(base, sender) - BigInt(quantity)
  if (left < 0n) return refuse(base, 'The balance is lower than the Quantity')
  const paid = balancesOf(base).with([[sender, `${left}`]])
  const received = BigInt(textAt(paid, recipient) ?? '0') + BigInt(quantity)
  const notice = { quantity, sender, recipient }
  const messages = [
    { ...notice, target: sender, action: 'Debit-Notice' },
    { ...notice, target: recipient, action: 'Credit-Notice' },
  ]
  return ok(
    base.with([
      ['balances', paid.with([[recipient, `${received}`]])],
      ['results', createResults({ output: `Sent ${quantity} to ${recipient}`, messages })],
    ]),
  )
}

function balance(base: Message, message: Message): Outcome {
  const who = textAt(message, 'recipient') ?? signersOf(message)[0] ?? ''
  return ok(base.with([['results', createResults({ output: `${amountOf(base, who)}` })]]))
}

function refuse(base: Message, error: string): Outcome {
  return ok(base.with([['results', createResults({ error })]]))
}

function balancesOf(base: Message): Message {
  const balances = base.get('balances')
  return balances instanceof Message ? balances : new Message()
}

function amountOf(base: Message, who: string): bigint {
  return BigInt(textAt(balancesOf(base), who) ?? '0')
}
