using PolaFormer.NN.Attention;
using PolaFormer.Tensors;

namespace PolaFormer.Measurement.Tests;

public class MechanismComparisonTests
{
    [Theory]
    [InlineData("softmax")]
    [InlineData("elu")]
    [InlineData("polarity")]
    public void OneTokenHasNoShareOfEntropy(string name)
    {
        MechanismMeasurement measured = MechanismComparison.Measure(AttentionRegistry.Find(name), 8, 2, 1, long.MaxValue);
        Assert.Null(measured.Entropy);
        Assert.NotNull(measured.Milliseconds);
    }

    [Fact]
    public void MemoryIsTheSameWhateverTheCollectorDoes()
    {
        long Peak() => MechanismComparison.Measure(AttentionRegistry.Find("elu"), 16, 2, 64, long.MaxValue).PeakBytes;
        long first = Peak();
        for (int i = 0; i < 5; i++)
        {
            for (int garbage = 0; garbage < 50; garbage++)
                Tensor.Zeros([1 << 12]);
            GC.Collect(0, GCCollectionMode.Forced, blocking: false);
            Assert.Equal(first, Peak());
        }
    }
}
