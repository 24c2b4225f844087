import { afterAll, describe, expect, test } from 'vitest';
import { ProductBench, postgresOf } from './testing/product-process.ts';

const bench = new ProductBench();
afterAll(() => bench.clear());

describe('SIGTERM during the start', () => {
  test.each([
    ['worker', /Starting the embedded database/],
    ['worker', /Applying migrations/],
    ['worker', /Starting the worker/],
    ['web', /Building the panel/],
  ])('of a %s at %s ends it with exit code 0 and leaves no database running', async (role, moment) => {
    const dataDir = await bench.newDataDir();
    const product = bench.start({ ROLE: role, DATA_DIR: dataDir });
    await product.printed(moment);
    product.signal('SIGTERM');
    expect(await product.ended()).toBe(0);
    expect(product.output()).toMatch(/^Stopped/m);
    expect(product.output()).not.toMatch(/Cannot start|"level":[56]0/);
    expect(await postgresOf(dataDir)).toBeNull();
  });

  test('leaves a data directory with which the next start works', async () => {
    const dataDir = await bench.newDataDir();
    const first = bench.start({ ROLE: 'worker', DATA_DIR: dataDir });
    await first.printed(/Starting the embedded database/);
    first.signal('SIGTERM');
    await first.ended();
    await bench.start({ ROLE: 'worker', DATA_DIR: dataDir }).ready();
  });
});

test('after SIGKILL the database lives on, and the next start adopts it', async () => {
  const dataDir = await bench.newDataDir();
  const first = bench.start({ ROLE: 'worker', DATA_DIR: dataDir });
  await first.ready();
  first.signal('SIGKILL', 'group');
  expect(await first.ended()).toBe('SIGKILL');
  const orphan = await postgresOf(dataDir);
  expect(orphan).toMatchObject({ status: 'ready' });

  const second = bench.start({ ROLE: 'worker', DATA_DIR: dataDir });
  expect((await fetch(`${await second.ready()}/readyz`)).status).toBe(200);
  expect((await postgresOf(dataDir))?.pid).toBe(orphan?.pid);
  second.signal('SIGTERM');
  expect(await second.ended()).toBe(0);
  expect(await postgresOf(dataDir)).toBeNull();
});

describe('an error that nobody caught', () => {
  const preload = `process.on('SIGUSR2', () => void Promise.reject(new Error('nobody caught this')))`;

  test('is logged as fatal and ends the process in order, with exit code 1 so that a supervisor starts it again', async () => {
    const dataDir = await bench.newDataDir();
    const product = bench.start({ ROLE: 'worker', DATA_DIR: dataDir }, { preload });
    await product.ready();
    product.signal('SIGUSR2');
    expect(await product.ended()).toBe(1);
    expect(product.output()).toMatch(/"level":60.*nobody caught this/);
    expect(product.output()).toMatch(/^Stopped\.$/m);
    expect(await postgresOf(dataDir)).toBeNull();
  });
});

test('a signal to npm start reaches the server, and npm waits for its orderly end', async () => {
  const dataDir = await bench.newDataDir();
  const environment = { ROLE: 'worker', DATA_DIR: dataDir, npm_config_update_notifier: 'false' };
  const npm = bench.start(environment, { command: ['npm', 'start'] });
  await npm.ready();
  npm.signal('SIGTERM');
  expect(await npm.ended()).toBe(0);
  expect(npm.output()).toMatch(/^Stopped\.$/m);
  expect(await postgresOf(dataDir)).toBeNull();
});
