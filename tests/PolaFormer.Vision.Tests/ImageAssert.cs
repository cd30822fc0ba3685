namespace PolaFormer.Vision.Tests;

internal static class ImageAssert
{
    public static void Equal(Image expected, Image actual, string? what = null, int tolerance = 0)
    {
        Assert.True((expected.Width, expected.Height) == (actual.Width, actual.Height),
            $"{what}: {actual.Width}×{actual.Height} instead of {expected.Width}×{expected.Height}");
        int same = expected.Pixels.CommonPrefixLength(actual.Pixels);
        if (same == expected.Pixels.Length)
            return;
        int worst = 0, different = 0;
        for (int i = 0; i < expected.Pixels.Length; i++)
        {
            int distance = Math.Abs(expected.Pixels[i] - actual.Pixels[i]);
            worst = Math.Max(worst, distance);
            different += distance > 0 ? 1 : 0;
        }
        if (worst > tolerance)
            Assert.Fail($"{what}: {different} bytes differ, by {worst} at most, first at byte {same}");
    }
}
