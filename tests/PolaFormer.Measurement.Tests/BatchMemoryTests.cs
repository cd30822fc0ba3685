using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Measurement.Tests;

public class BatchMemoryTests
{
    private const int Side = 32;

    [Fact]
    public void ABatchThatHasRoomIsLetThrough() => BatchMemory.Check(64, Side, StepOf);

    [Fact]
    public void ABatchBeyondTheMemoryIsRefusedBeforeItIsTaken()
    {
        int batch = (int)(MachineMemory.TotalBytes >> 20) + 1;
        var error = Assert.Throws<ArgumentException>(() => BatchMemory.Check(batch, Side, StepOf));
        Assert.StartsWith($"--batch {batch} takes about ", error.Message, StringComparison.Ordinal);
        Assert.Contains("images have room", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void MoreImagesThanATensorHoldsAreRefusedWithoutAStep()
    {
        var error = Assert.Throws<ArgumentException>(() => BatchMemory.Check(1_000_000, Side, _ => throw new InvalidOperationException()));
        Assert.Contains("at most 699050 images", error.Message, StringComparison.Ordinal);
    }

    // A megabyte an image.
    private static Action StepOf(int batch) => () =>
    {
        using (MemoryScope.Enter())
            Tensor.Empty([batch, 1 << 18]);
    };
}
