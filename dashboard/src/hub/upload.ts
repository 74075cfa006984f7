/** Sends a file and tells how far it has come, which `fetch` cannot. */

import { headers } from './call.ts';

/** Answers null, or why it was refused. `progress` is called with 0 to 1. */
export function upload(path: string, file: Blob, progress: (share: number) => void): Promise<string | null> {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open('PUT', path);
    for (const [name, value] of Object.entries(headers({ 'Content-Type': 'application/octet-stream' }))) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    request.onerror = () => resolve('the hub does not answer');
    request.onload = () => {
      if (request.status < 300) return resolve(null);
      try {
        resolve((JSON.parse(request.responseText) as { detail: string }).detail);
      } catch {
        resolve(request.statusText || `status ${request.status}`);
      }
    };
    request.send(file);
  });
}
