// Tokens of a batch of images, one row each.
#pragma once

struct Rows {
  void* data;
  long long row, image;  // elements from a token, and from an image, to the next
};
