import { createHttpClient, type HttpClient } from '../platforms/http-client.ts';

export interface RecordedHttp {
  http: HttpClient;
  /** The addresses of everything that was sent, in order. */
  requests: string[];
}

/** The real client, which also writes down where it was sent. */
export function recordedHttp(): RecordedHttp {
  const client = createHttpClient();
  const requests: string[] = [];
  const http: HttpClient = {
    send(request, signal, onProgress) {
      requests.push(request.url);
      return client.send(request, signal, onProgress);
    },
    close: () => client.close(),
  };
  return { http, requests };
}
