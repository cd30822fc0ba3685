using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Training.Tests.Optimization;

public sealed class ModelEmaTests
{
    [Fact]
    public void ItStartsAsTheNetworkAndFollowsIt()
    {
        var model = new BatchNorm2d(19);
        model.Initialize(0);
        var ema = new ModelEma(new BatchNorm2d(19), model, decay: 0.75);
        Assert.All(Values(ema, "weight"), value => Assert.Equal(1, value));
        model.StateDict().First(entry => entry.Name == "weight").Tensor.AsSpan<float>().Fill(5);
        ema.Update(0);
        Assert.All(Values(ema, "weight"), value => Assert.Equal(2, value));
    }

    [Fact]
    public void CountersAreAveragedAndCut()
    {
        var model = new BatchNorm2d(2);
        model.Initialize(0);
        var ema = new ModelEma(new BatchNorm2d(2), model, decay: 0.5);
        Counter(model)[0] = 7;
        ema.Update(0);
        Assert.Equal(3, Counter(ema.Average)[0]);
    }

    [Fact]
    public void TheWarmUpForgetsTheStart()
    {
        var model = new BatchNorm2d(1);
        model.Initialize(0);
        var ema = new ModelEma(new BatchNorm2d(1), model, decay: 0.9999, warmsUp: true);
        model.StateDict().First().Tensor.AsSpan<float>()[0] = 11;
        ema.Update(0);
        Assert.Equal(1 + (10 * 0.9), Values(ema, "weight")[0], 1e-5);
    }

    private static float[] Values(ModelEma ema, string name) => ema.Average.StateDict().First(entry => entry.Name == name).Tensor.ToArray();

    private static Span<long> Counter(Module model) => model.StateDict().First(entry => entry.Tensor.DType == DType.Int64).Tensor.AsSpan<long>();
}
