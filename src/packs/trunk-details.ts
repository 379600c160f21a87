// What a parent port tells of its trunk, so that whoever plugs the instance need not ask for it. Spread into the port.
import { t } from '#core/attributes.ts';

interface TrunkDetails {
  trunk_id: string;
  sub_ports: { port_id: string; segmentation_type: string; segmentation_id: number; mac_address: string }[];
}

const properties = {
  port_id: { type: 'string' },
  segmentation_type: { type: 'string' },
  segmentation_id: { type: 'integer' },
  mac_address: { type: 'string' },
};

export const trunkDetails = {
  trunk_details: t
    .json<TrunkDetails>('The trunk it is the parent of, and its subports; null: it is none.', {
      type: 'object',
      properties: { trunk_id: { type: 'string' }, sub_ports: { type: 'array', items: { type: 'object', properties } } },
    })
    .nullable()
    .readOnly()
    .policy()
    .derived((d) => {
      const one = d.jsonObject({
        port_id: 's.port_id',
        segmentation_type: 's.segmentation_type',
        segmentation_id: 's.segmentation_id',
        mac_address: 'p.mac_address',
      });
      const subPorts = `(SELECT ${d.jsonArray(one)} FROM trunk_subports s JOIN ports p ON p.id = s.port_id WHERE s.trunk_id = k.id)`;
      const details = d.jsonObject({ trunk_id: 'k.id', sub_ports: d.json(subPorts) });
      return `(SELECT CAST(${details} AS TEXT) FROM trunks k WHERE k.port_id = r.id)`;
    })
    .extension('trunk-details'),
};
