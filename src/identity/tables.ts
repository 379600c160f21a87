// Identity's tables as the rest of identity and its routes use them. Columns are those of the migration 0002-identity; enabled is 0 or 1; tags,
// role_ids and extra are JSON.
import { table } from './table.ts';

export interface DomainRow {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly enabled: number;
  readonly extra: string;
}
export const domains = table<DomainRow>('domains', ['id', 'name', 'description', 'enabled', 'extra']);

export interface ProjectRow {
  readonly id: string;
  readonly domain_id: string;
  readonly parent_id: string;
  readonly name: string;
  readonly description: string;
  readonly enabled: number;
  readonly tags: string;
  readonly extra: string;
}
export const projects = table<ProjectRow>('projects', ['id', 'domain_id', 'parent_id', 'name', 'description', 'enabled', 'tags', 'extra']);

export interface UserRow {
  readonly id: string;
  readonly domain_id: string;
  readonly name: string;
  readonly description: string;
  readonly enabled: number;
  readonly default_project_id: string | null;
  readonly password_hash: string | null;
  readonly token_generation: number;
  readonly extra: string;
}
export const users = table<UserRow>('users', [
  'id',
  'domain_id',
  'name',
  'description',
  'enabled',
  'default_project_id',
  'password_hash',
  'token_generation',
  'extra',
]);

export interface RoleRow {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly extra: string;
}
export const roles = table<RoleRow>('roles', ['id', 'name', 'description', 'extra']);

export interface CredentialRow {
  readonly id: string;
  readonly user_id: string;
  readonly project_id: string;
  readonly name: string;
  readonly description: string | null;
  readonly secret_hash: string;
  readonly role_ids: string;
  readonly expires_at: number | null;
  readonly unrestricted: number;
}
export const credentials = table<CredentialRow>('application_credentials', [
  'id',
  'user_id',
  'project_id',
  'name',
  'description',
  'secret_hash',
  'role_ids',
  'expires_at',
  'unrestricted',
]);
