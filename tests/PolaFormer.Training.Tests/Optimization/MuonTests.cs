using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Random;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Training.Tests.Optimization;

public sealed class MuonTests
{
    [Theory]
    [InlineData(16, 16)]
    [InlineData(16, 50)]
    [InlineData(50, 16)]
    [InlineData(33, 1)]
    public void TheShorterSideBecomesNearlyOrthonormal(int rows, int columns)
    {
        Tensor y = Muon.Orthogonalize(Noise(rows, columns, 7));
        float[] gram = (rows <= columns ? y.MatMul(y, transposeB: true) : y.MatMul(y, transposeA: true)).ToArray();
        int side = Math.Min(rows, columns);
        for (int i = 0; i < side; i++)
        {
            for (int j = 0; j < side; j++)
                Assert.InRange(gram[(i * side) + j], i == j ? 0.4 : -0.35, i == j ? 1.5 : 0.35);
        }
    }

    [Fact]
    public void TheSizeOfTheGradientDoesNotMatter()
    {
        float[] one = Updated(scale: 1), thousand = Updated(scale: 1000);
        for (int i = 0; i < one.Length; i++)
            Assert.Equal(one[i], thousand[i], 1e-5);
    }

    [Fact]
    public void UpdatesAreAsLargeAsAdamWs()
    {
        double root = Math.Sqrt(Updated(scale: 1).Average(value => (double)value * value));
        Assert.InRange(root, 0.1, 0.3);
    }

    [Fact]
    public void WhatIsNoMatrixIsUpdatedByAdamW()
    {
        float[] values = [1, -2, 3], gradient = [0.5f, 0.25f, -1];
        Parameter byMuon = GivenParameter.Of(values), byAdamW = GivenParameter.Of(values);
        GivenParameter.SetGradient(byMuon, gradient);
        GivenParameter.SetGradient(byAdamW, gradient);
        new Muon([new([("p", byMuon)], 0.1)]).Step(0.01);
        new AdamW([new([("p", byAdamW)], 0.1)]).Step(0.01);
        Assert.Equal(byAdamW.ToArray(), byMuon.ToArray());
    }

    [Fact]
    public void AMatrixIsUpdatedAsItsFormulaHasIt()
    {
        Tensor weights = Noise(24, 40, 5), gradient = Noise(24, 40, 3);
        Parameter parameter = GivenParameter.Of(weights.ToArray(), [24, 40]);
        GivenParameter.SetGradient(parameter, gradient.ToArray());
        new Muon([new([("p", parameter)], 0.1)]).Step(0.01);

        Tensor direction = Muon.Orthogonalize((gradient * 0.95f) + gradient);
        float length = (float)(0.01 * 0.2 * Math.Sqrt(40));
        Assert.Equal(((weights * (float)(1 - (0.01 * 0.1))) - (direction * length)).ToArray(), parameter.ToArray());
    }

    // The change that one step of length 1 makes to a matrix of zeros.
    private static float[] Updated(float scale)
    {
        Parameter parameter = GivenParameter.Of(new float[24 * 40], [24, 40]);
        GivenParameter.SetGradient(parameter, (Noise(24, 40, 3) * scale).ToArray());
        new Muon([new([("p", parameter)], 0)]).Step(1);
        return parameter.ToArray();
    }

    private static Tensor Noise(int rows, int columns, ulong seed)
    {
        var philox = new Philox(seed, 0);
        return Tensor.From([.. Enumerable.Range(0, rows * columns).Select(i => (2 * philox.Uniform((ulong)i)) - 1)], [rows, columns]);
    }
}
