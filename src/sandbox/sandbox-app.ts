/** All routes of the sandbox: its own, each platform's below its name, and plain words for everything else. */
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import { type Control, controlRoutes } from './control-routes.ts';

export function sandboxApp(control: Control, sameOrigin: RequestHandler): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(controlRoutes(control, sameOrigin));
  for (const platform of control.platforms) app.use(`/${platform.name}`, platform.router);
  app.use((_request, response) => {
    response.status(404).json({ error: 'There is nothing here. The feed is at /.' });
  });
  app.use(answerError(control));
  return app;
}

function answerError({ context }: Control): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    const given: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'status') : undefined;
    const status = typeof given === 'number' && given >= 400 && given <= 499 ? given : 500;
    if (status === 500) context.log.error({ err: error, path: request.path }, 'The sandbox failed to answer a request');
    if (response.headersSent) return next(error);
    const sentence = status === 500 ? 'The sandbox itself failed; its log says why.' : 'The request cannot be read.';
    response.status(status).json({ error: sentence });
  };
}
