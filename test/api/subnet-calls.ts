// How the tests of subnets make one: each on a network of its own, as the admin.
import { expect } from 'vitest';
import type { Cloud, Reply, Shown } from './cloud.ts';

export interface SubnetCalls {
  post(attributes: object): Promise<Reply>;
  /** Like `post`, and it must succeed. */
  made(attributes: object): Promise<Shown>;
}

export function subnetCalls(cloud: () => Cloud): SubnetCalls {
  async function post(attributes: object): Promise<Reply> {
    const { make, admin, as } = cloud();
    const { id } = await make('network', {}, admin);
    return as(admin)('POST', '/subnets', { subnet: { network_id: id, ...attributes } });
  }
  return {
    post,
    async made(attributes) {
      const answer = await post(attributes);
      expect([answer.status, answer.text.slice(0, 300)]).toEqual([201, expect.any(String)]);
      return answer.at('subnet') as Shown;
    },
  };
}
