using PolaFormer.Tensors.Kernels;

namespace PolaFormer.Tensors.Tests.Kernels.Attention;

public unsafe class RotaryTests
{
    [Theory]
    [InlineData(1, 1, 2)]
    [InlineData(2, 3, 6)]
    [InlineData(1, 2, 16)]
    [InlineData(2, 1, 24)]
    [InlineData(1, 3, 64)]
    public void TurnsPairsAndBackIsTheTranspose(int batch, int heads, int width)
    {
        const int tokens = 5;
        var random = new System.Random(width);
        SlicedRows x = SlicedRows.Random(random, batch, tokens, heads * width), dy = SlicedRows.Random(random, batch, tokens, heads * width);
        SlicedRows y = new(batch, tokens, heads * width), dx = new(batch, tokens, heads * width);
        Floats sin = Floats.Random(random, tokens * width, -1, 1), cos = Floats.Random(random, tokens * width, -1, 1);

        Rotary.Forward(
            batch, tokens, heads, width, x.View, sin.Pointer, cos.Pointer, y.View);
        Rotary.Backward(
            batch, tokens, heads, width, dy.View, sin.Pointer, cos.Pointer, dx.View);

        for (int i = 0; i < batch; i++)
            for (int t = 0; t < tokens; t++)
                for (int c = 0; c < heads * width; c += 2)
                {
                    int at = (t * width) + (c % width);
                    (float s0, float s1, float c0, float c1) = (sin.Pointer[at], sin.Pointer[at + 1], cos.Pointer[at], cos.Pointer[at + 1]);
                    Assert.Equal((x[i, t, c] * c0) - (x[i, t, c + 1] * s0), y[i, t, c], 1e-6f);
                    Assert.Equal((x[i, t, c + 1] * c1) + (x[i, t, c] * s1), y[i, t, c + 1], 1e-6f);
                    Assert.Equal((dy[i, t, c] * c0) + (dy[i, t, c + 1] * s1), dx[i, t, c], 1e-6f);
                    Assert.Equal((dy[i, t, c + 1] * c1) - (dy[i, t, c] * s0), dx[i, t, c + 1], 1e-6f);
                }
        y.AssertSurroundingsUntouched();
        dx.AssertSurroundingsUntouched();
    }

    [Fact]
    public void ARotationKeepsLengthsAndBackUndoesIt()
    {
        const int tokens = 7, width = 32;
        var random = new System.Random(1);
        SlicedRows x = SlicedRows.Random(random, 1, tokens, width), y = new(1, tokens, width), back = new(1, tokens, width);
        double[] angles = Enumerable.Range(0, tokens * width).Select(i => (double)(i / 2)).ToArray();
        Floats sin = new(angles.Select(Math.Sin)), cos = new(angles.Select(Math.Cos));

        Rotary.Forward(1, tokens, 1, width, x.View, sin.Pointer, cos.Pointer, y.View);
        Rotary.Backward(1, tokens, 1, width, y.View, sin.Pointer, cos.Pointer, back.View);

        Close.AssertClose(x.ToDoubles(), back.ToDoubles(), 1e-6, "x");
        Assert.Equal(x.ToDoubles().Sum(v => v * v), y.ToDoubles().Sum(v => v * v), 1e-4);
    }
}
