/**
 * Keeps what requests allocate among the young objects. V8 notes at each place of the code how many
 * of its objects live on for long; where in one burst nearly all did, it allocates from then on among
 * the old ones, and never asks again. What is old keeps all alive that it leads to, so that of every
 * message some 10 KB grow old with it, and the whole heap has to be looked through every second or so,
 * which stops replies for 10 to 50 ms.
 */
import { setFlagsFromString } from 'node:v8'

/**
 * To be called before the first request. It is a setting of the whole process: for a program that is
 * a node, not for one that has a node in it.
 */
export function keepObjectsYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring')
}
