// Keys and digests of desired objects. Equal values have equal digests, because projections always write their attributes in one order.
import { createHash } from 'node:crypto';
import type { DesiredObject, DesiredValue } from './objects.ts';

export const digestOf = (value: DesiredValue): string => createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);

export const object = (key: string, value: DesiredValue): DesiredObject => ({ key, digest: digestOf(value), value });
