// A process of store-migrate.test.ts: migrates the database of engine argv[2] at argv[3] and kills itself before it runs migration number argv[4].
import { migrate } from '#store/migrate.ts';
import { migrations } from '#store/migrations/index.ts';
import { openPostgres } from '#store/postgres.ts';
import { openSqlite } from '#store/sqlite.ts';

const [, , engine, location = '', last] = process.argv;
const store = engine === 'sqlite' ? openSqlite(location) : openPostgres(location);
const deadly = migrations.map((migration, index) => {
  if (index + 1 !== Number(last)) return migration;
  const up = (): string => {
    process.kill(process.pid, 'SIGKILL');
    return '';
  };
  return { name: migration.name, up };
});
await migrate(store, deadly);
