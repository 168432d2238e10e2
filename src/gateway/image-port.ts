/** The seam between the gateway and the images, which are kept by a thread of their own. */
import type { ImageReply, ImageRequest } from '../image/requests.ts';

export interface ImagePort {
  /** Never rejects: what goes wrong inside is a fault in the reply. */
  ask(request: ImageRequest): Promise<ImageReply>;
}
