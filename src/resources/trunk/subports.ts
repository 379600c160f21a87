// The subports of a trunk as clients write them: what they look like, and how each is told from the others on the parent's wire. Called by
// the trunk's declaration and rules.
import type { Context } from '#core/context.ts';
import { inputErrors, toInt } from '#core/convert.ts';
import { repr, str } from '#core/python.ts';
import { uuid } from '#core/validate.ts';
import { segmentsOf } from '#ml2/segments.ts';
import { port } from '#resources/port/schema.ts';

/** A port of another network that reaches the instance through its parent port, in frames that are marked so. */
export interface SubPort {
  port_id: string;
  segmentation_type: string;
  segmentation_id: number;
}

/** What a client says of one. Type `inherit`: marked as on its own network. */
export type SubPortRequest = { port_id: string } & Partial<Record<string, unknown>>;

const invalid = (error_message: string): Error => inputErrors.InvalidInput({ error_message });

/** Why a list of subports is none; in the API's words. */
export function checkSubPorts(value: unknown): string | undefined {
  if (!Array.isArray(value)) return `Invalid data format for subports: '${str(value ?? null)}' is not a list`;
  const ports = new Set<unknown>();
  const marks = new Set<string>();
  for (const one of value) {
    if (typeof one !== 'object' || one === null || Array.isArray(one))
      return `Invalid data format for subport: '${str(one)}' is not a dict`;
    const { port_id, segmentation_id, segmentation_type } = one as Record<string, unknown>;
    if (port_id === undefined) return 'A valid port UUID must be specified';
    if (uuid(port_id) !== undefined) return `Invalid UUID for subport: '${str(port_id)}'`;
    if (ports.has(port_id)) return `Non unique UUID for subport: '${str(port_id)}'`;
    ports.add(port_id);
    if (segmentation_id === undefined) continue;
    const mark = JSON.stringify([segmentation_type, segmentation_id]);
    if (marks.has(mark)) return `Segmentation ID '${str(segmentation_id)}' for '${str(port_id)}' is not unique`;
    marks.add(mark);
  }
  return undefined;
}

/** The list in the body of an action. */
export function subPortsIn(body: unknown): SubPortRequest[] {
  const given = typeof body === 'object' && body !== null ? (body as { sub_ports?: unknown }).sub_ports : undefined;
  const reason = checkSubPorts(given);
  if (reason !== undefined) throw invalid(reason);
  return given as SubPortRequest[];
}

const IDS = { vlan: [1, 4094] } as const;
type SegmentationType = keyof typeof IDS;

/** How the frames of a subport are marked. */
export async function segmentation(context: Context, request: SubPortRequest): Promise<SubPort> {
  const { port_id, segmentation_type: type, segmentation_id: id } = request;
  if (type === 'inherit') return inherited(context, port_id);
  if (type === undefined || id === undefined) {
    const details = repr(request);
    throw invalid(
      `Invalid subport details '${details}': missing segmentation information. Must specify both segmentation_id and segmentation_type`,
    );
  }
  return { port_id, ...checked(type, numberOf(id)) };
}

function numberOf(id: unknown): number {
  const whole = typeof id === 'number' || typeof id === 'boolean' || (typeof id === 'string' && /^\s*[+-]?\d+\s*$/.test(id));
  if (!whole) throw invalid(`Invalid subport details: segmentation_id '${str(id)}' is not an integer`);
  return toInt(id) as number;
}

function checked(type: unknown, id: number): Omit<SubPort, 'port_id'> {
  if (typeof type !== 'string' || !Object.hasOwn(IDS, type)) throw invalid(`Unknown segmentation_type '${str(type)}'`);
  const [first, last] = IDS[type as SegmentationType];
  if (id < first || id > last) throw invalid(`Segmentation ID '${id}' is not in range`);
  return { segmentation_type: type, segmentation_id: id };
}

async function inherited(context: Context, port_id: string): Promise<SubPort> {
  const { network_id } = await context.visible(port, port_id);
  const segments = await segmentsOf(context.tx, network_id);
  const [only] = segments.length === 1 ? segments : [];
  return { port_id, ...checked(only?.network_type ?? null, only?.segmentation_id ?? 0) };
}
