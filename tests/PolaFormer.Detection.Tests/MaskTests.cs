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

    [Fact]
    public void Merged_masks_hold_what_either_has()
    {
        RunLengthMask left = RunLengthMask.FromBox(0, 0, 2, 4, 4, 4), right = RunLengthMask.FromBox(1, 0, 3, 4, 4, 4);
        Assert.Equal(16, RunLengthMask.Merge([left, right]).Area);
        Assert.Equal(4, RunLengthMask.Merge([left, right], intersects: true).Area);
    }
}
