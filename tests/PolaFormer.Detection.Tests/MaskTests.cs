using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Masks;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Detection.Tests;

public class MaskTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 5)]
    [InlineData(40, 33)]
    public void Text_and_bitmap_lead_back_to_the_mask(int height, int width)
    {
        var noise = new float[height * width];
        new Philox(3, (ulong)height).FillUniform(noise, 0);
        byte[] bitmap = [.. noise.Select(value => (byte)(value > 0.6f ? 1 : 0))];
        RunLengthMask mask = RunLengthMask.FromBitmap(bitmap, height, width);
        Assert.Equal(bitmap, RunLengthMask.Parse(mask.ToString(), height, width).ToBitmap());
        Assert.Equal(bitmap.Sum(pixel => pixel), mask.Area);
    }

    [Theory]
    [InlineData("")]
    [InlineData("P")]
    [InlineData("\u0001\u0002")]
    [InlineData("ooooooooooooooooooooooooooooooooooo0")]
    public void Damaged_text_is_told(string text) => Assert.Throws<FormatException>(() => RunLengthMask.Parse(text, 4, 4));

    [Fact]
    public void A_crowd_is_compared_with_the_area_of_what_was_found()
    {
        RunLengthMask small = RunLengthMask.FromBox(0, 0, 2, 4, 8, 8), large = RunLengthMask.FromBox(0, 0, 8, 8, 8, 8);
        Assert.Equal(0.125, small.OverlapWith(large, isCrowd: false));
        Assert.Equal(1, small.OverlapWith(large, isCrowd: true));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(1e12)]
    public void A_coordinate_of_no_image_is_told(double coordinate) =>
        Assert.Throws<FormatException>(() => Polygon.Rasterize([0, 0, coordinate, 3, 4, 4], 8, 8));

    [Fact]
    public void A_full_mask_covers_its_box_in_the_image()
    {
        var ones = new double[28 * 28];
        Array.Fill(ones, 1);
        RunLengthMask mask = MaskPaste.Paste(ones, 28, new Box(2, 3, 12, 9), 20, 30);
        Assert.Equal((2, 3, 10, 6), mask.Bounds);
        Assert.Equal(60, mask.Area);
    }

    [Theory]
    [InlineData(-3.4f, 2.2f, 17.9f, 31.5f, 0.5)]
    [InlineData(4, 4, 9, 40, 0.5)]      // the whole height of the image
    [InlineData(5.5f, 8, 5.5f, 8, 0.3)] // no extent
    [InlineData(9, 20, 3, 6, 0.5)]      // edges the wrong way round
    [InlineData(2, 3, 20, 25, 0)]       // what is outside is set
    public void A_pasted_mask_is_interpolated_at_every_pixel(float left, float top, float right, float bottom, double bound)
    {
        const int side = 5, height = 30, width = 24;
        var noise = new float[side * side];
        new Philox(7, 7).FillUniform(noise, 0);

        // Corners of full cells, so that whole stretches are decided at once.
        double[] values = [.. noise.Select((value, i) => i % side < 2 ? 1 : (double)value)];
        var box = new Box(left, top, right, bottom);
        byte[] expected = new byte[height * width];
        for (int y = Math.Max(0, (int)MathF.Floor(top) - 1); y < Math.Clamp((int)MathF.Ceiling(bottom) + 1, 0, height); y++)
        {
            for (int x = Math.Max(0, (int)MathF.Floor(left) - 1); x < Math.Clamp((int)MathF.Ceiling(right) + 1, 0, width); x++)
                expected[(y * width) + x] = (byte)(At(Place(x, left, right), Place(y, top, bottom)) >= bound ? 1 : 0);
        }

        Assert.Equal(expected, MaskPaste.Paste(values, side, box, height, width, bound).ToBitmap());

        static double Place(int pixel, float from, float to)
        {
            double normal = ((pixel + 0.5 - from) / ((double)to - from) * 2) - 1;
            return (((double.IsInfinity(normal) ? 0 : normal) + 1) * side - 1) / 2;
        }

        double At(double x, double y)
        {
            double sum = 0;
            for (int row = 0; row < side; row++)
            {
                for (int column = 0; column < side; column++)
                    sum += values[(row * side) + column] * Math.Max(0, 1 - Math.Abs(x - column)) * Math.Max(0, 1 - Math.Abs(y - row));
            }

            return sum;
        }
    }

    [Fact]
    public void Merged_masks_hold_what_either_has()
    {
        RunLengthMask left = RunLengthMask.FromBox(0, 0, 2, 4, 4, 4), right = RunLengthMask.FromBox(1, 0, 3, 4, 4, 4);
        Assert.Equal(16, RunLengthMask.Merge([left, right]).Area);
        Assert.Equal(4, RunLengthMask.Merge([left, right], intersects: true).Area);
    }
}
