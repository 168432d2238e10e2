/** What the reference says about the routes of images (image-routes.ts). */
import { listOf, objectOf, titled } from '../protocol/json-schema.ts';
import { IMAGE, IMAGE_HASH } from './answer-schemas.ts';
import type { RouteDoc } from './route-docs.ts';

const ADDRESS = { type: 'string' };
const IMAGES_SHOWN = titled('Images', objectOf({ auctionId: ADDRESS, images: listOf(IMAGE) }));
const SOME_HASH = '4e9433417937f35eda62d0d3cb3da242d6f399c73d84ab954d86b6ee017e7dd9';

export const IMAGE_DOCS: Readonly<Record<string, RouteDoc>> = {
  'POST /v1/auctions/{id}/images': {
    tag: 'auctions',
    summary: 'Puts an image on a listing: as a form with one file, or the file itself as the body.',
    body: objectOf({ image: { type: 'string', contentMediaType: 'application/octet-stream' } }),
    bodyType: 'multipart/form-data',
    answer: IMAGES_SHOWN,
    status: 201,
    refusals: ['NOT_YOUR_AUCTION', 'IMAGE_UNREADABLE', 'TOO_MANY_IMAGES', 'IMAGE_STORE_FULL'],
    example: { body: { image: 'lamp.jpg' } },
  },
  'GET /v1/auctions/{id}/images': {
    tag: 'auctions',
    summary: 'The images of a listing, in their order.',
    answer: IMAGES_SHOWN,
    refusals: ['AUCTION_UNKNOWN'],
  },
  'PUT /v1/auctions/{id}/images': {
    tag: 'auctions',
    summary: 'Puts the images of a listing without bids into another order.',
    body: objectOf({ images: listOf(IMAGE_HASH) }),
    answer: IMAGES_SHOWN,
    refusals: ['NOT_YOUR_AUCTION', 'CHANGE_TOO_LATE'],
    example: { body: { images: [SOME_HASH] } },
  },
  'DELETE /v1/auctions/{id}/images/{hash}': {
    tag: 'auctions',
    summary: 'Takes an image, named by its hash, off a listing without bids.',
    answer: IMAGES_SHOWN,
    refusals: ['NOT_YOUR_AUCTION', 'CHANGE_TOO_LATE', 'IMAGE_UNKNOWN'],
  },
  'GET /v1/images/{hash}/{size}': {
    tag: 'auctions',
    summary: 'An image by its hash, in the size small, medium, large or full. It never changes.',
    answer: { type: 'string' },
    type: 'image/webp',
    refusals: ['IMAGE_UNKNOWN'],
  },
};
