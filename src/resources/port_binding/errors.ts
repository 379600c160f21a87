// What a client may be told of the bindings of a port.
import { errorTable } from '#core/errors.ts';

export const portBindingErrors = errorTable({
  PortBindingNotFound: ['notFound', 'Binding for port {port_id} for host {host} could not be found.'],
  PortBindingAlreadyExists: ['conflict', 'Binding for port {port_id} on host {host} already exists.'],
  PortBindingAlreadyActive: ['conflict', 'Binding for port {port_id} on host {host} is already active.'],
  PortBindingError: ['failed', 'Binding for port {port_id} on host {host} could not be created or updated.'],
  BadRequest: ['invalid', 'Bad {resource} request: {msg}.'],
});
