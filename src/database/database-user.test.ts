import { expect, test } from 'vitest';
import { chooseUser } from './database-user.ts';

const ROOT = 'root:x:0:0:root:/root:/bin/sh';
const DAEMON = 'daemon:x:1:1:daemon:/:/sbin/nologin';
const NOBODY = 'nobody:x:65534:65534:nobody:/:/sbin/nologin';
const POSTGRES = 'postgres:x:101:104::/var/lib/postgresql:/bin/sh';

test('root lets the database run as postgres, else nobody, else any other user there is', () => {
  expect(chooseUser([ROOT, DAEMON, NOBODY, POSTGRES, ''].join('\n'))).toEqual({ uid: 101, gid: 104 });
  expect(chooseUser([ROOT, DAEMON, NOBODY].join('\n'))).toEqual({ uid: 65534, gid: 65534 });
  expect(chooseUser([ROOT, DAEMON].join('\n'))).toEqual({ uid: 1, gid: 1 });
});

test('the database never runs as root or in its group', () => {
  expect(chooseUser(`${ROOT}\npostgres:x:0:0::/:/bin/sh\noperator:x:11:0::/:/bin/sh\n`)).toBeUndefined();
  expect(chooseUser('')).toBeUndefined();
});
