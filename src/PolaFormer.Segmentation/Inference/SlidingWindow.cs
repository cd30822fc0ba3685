using PolaFormer.Vision;

namespace PolaFormer.Segmentation.Inference;

/// <summary>Windows that cover an image, those at the far edges moved back into it, as mmsegmentation's slide_inference.</summary>
/// <param name="Height">Rows of a window.</param>
/// <param name="Width">Columns of a window.</param>
/// <param name="StepY">Rows from one window to the next.</param>
/// <param name="StepX">Columns from one window to the next.</param>
public sealed record SlidingWindow(int Height, int Width, int StepY, int StepX)
{
    /// <summary>The windows of an image, row by row.</summary>
    public IEnumerable<PixelRect> Of(int height, int width)
    {
        int rows = (Math.Max(height - Height + StepY - 1, 0) / StepY) + 1, columns = (Math.Max(width - Width + StepX - 1, 0) / StepX) + 1;
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                int bottom = Math.Min((row * StepY) + Height, height), right = Math.Min((column * StepX) + Width, width);
                int top = Math.Max(bottom - Height, 0), left = Math.Max(right - Width, 0);
                yield return new PixelRect(left, top, right - left, bottom - top);
            }
        }
    }
}
