using PolaFormer.Vision.Transforms.Operations;

namespace PolaFormer.Vision.Tests;

public class AffineTransformTests
{
    private static readonly FillColor s_fill = new(1, 2, 3);

    public static TheoryData<ResamplingFilter> Filters => [ResamplingFilter.Bilinear, ResamplingFilter.Bicubic];

    [Theory]
    [MemberData(nameof(Filters))]
    public void NoMotionChangesNothing(ResamplingFilter filter)
    {
        using Image image = ResamplingTests.RandomImage(23, 14, seed: 1);
        foreach (AffineMatrix matrix in (AffineMatrix[])[AffineMatrix.Rotation(0, 23, 14), AffineMatrix.ShearX(0), AffineMatrix.ShearY(0), AffineMatrix.Translation(0, 0)])
            ImageAssert.Equal(image, AffineTransform.Apply(image, matrix, filter, s_fill));
    }

    [Theory]
    [MemberData(nameof(Filters))]
    public void WholePixelsAreMovedAndTheRestIsFilled(ResamplingFilter filter)
    {
        using Image image = ResamplingTests.RandomImage(12, 9, seed: 2);
        using Image moved = AffineTransform.Apply(image, AffineMatrix.Translation(3, -2), filter, s_fill);
        for (int y = 0; y < 9; y++)
            for (int x = 0; x < 12; x++)
            {
                byte[] expected = x + 3 < 12 && y - 2 >= 0 ? image.Row(y - 2).Slice((x + 3) * 3, 3).ToArray() : [1, 2, 3];
                Assert.Equal(expected, moved.Row(y).Slice(x * 3, 3).ToArray());
            }
    }

    [Theory]
    [MemberData(nameof(Filters))]
    public void AConstantImageStaysConstant(ResamplingFilter filter)
    {
        using var image = new Image(30, 20);
        image.Pixels.Fill(201);
        using Image turned = AffineTransform.Apply(image, AffineMatrix.Rotation(17, 30, 20), filter, new FillColor(201, 201, 201));
        ImageAssert.Equal(image, turned);
    }

    [Theory]
    [MemberData(nameof(Filters))]
    public void AnAxisLeftOutChangesNothing(ResamplingFilter filter)
    {
        // A motion along one axis, and the same through both interpolations: a matrix that is different in a place without effect.
        using Image image = ResamplingTests.RandomImage(33, 21, seed: 4);
        foreach (AffineMatrix matrix in (AffineMatrix[])[AffineMatrix.ShearX(0.21), AffineMatrix.ShearY(-0.13), AffineMatrix.Translation(4.6, 0), AffineMatrix.Translation(0, -2.7)])
        {
            AffineMatrix both = matrix with { A = matrix.A + 1e-17, C = matrix.C == 0 ? 1e-300 : matrix.C, F = matrix.F == 0 ? 1e-300 : matrix.F };
            ImageAssert.Equal(AffineTransform.Apply(image, both, filter, s_fill), AffineTransform.Apply(image, matrix, filter, s_fill), $"{matrix}");
        }
    }

    [Fact]
    public void OtherFiltersAreRefused()
    {
        using var image = new Image(3, 3);
        Assert.Throws<ArgumentOutOfRangeException>(() => AffineTransform.Apply(image, AffineMatrix.ShearX(0.1), ResamplingFilter.Lanczos, s_fill));
    }
}
