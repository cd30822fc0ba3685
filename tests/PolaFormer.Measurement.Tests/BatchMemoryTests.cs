using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;
using PolaFormer.Training.Configuration;

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

    [Theory]
    [InlineData(64, 1)]
    [InlineData(256, 2)]
    [InlineData(1000, 8)]
    [InlineData(12, 1)]
    public void ABatchIsCutIntoAsFewPartsAsHaveRoom(int batch, int parts) =>
        Assert.Equal(parts, new BatchMemory(One: 10, Each: 10, Free: 1600).PartsOf(batch));

    [Fact]
    public void NoPartIsSmallerThanTwoImages() => Assert.Equal(8, new BatchMemory(One: 1000, Each: 1000, Free: 1).PartsOf(16));

    [Fact]
    public void APassOfTwoTellsWhatAnImageAdds()
    {
        BatchMemory memory = BatchMemory.Of(StepOf, Side)!;
        Assert.InRange(memory.Each, 1 << 20, (1 << 20) + (1 << 16));
        Assert.InRange(memory.BytesOf(5), 5 << 20, (5 << 20) + (1 << 19));
    }

    [Fact]
    public void ATrainingStepOfARecipeTakesLessWhereBlocksAreComputedAgain()
    {
        TrainingConfig config = ConfigurationReader.Read(null, ["MODEL.TYPE", "polaformer_pp_cifar", "DATA.IMG_SIZE", "32", "MODEL.NUM_CLASSES", "3"]);
        BatchMemory plain = BatchMemory.OfTraining(config)!;
        config.Train.UseCheckpoint = true;
        Assert.InRange(BatchMemory.OfTraining(config)!.Each, 1, plain.Each - 1);
    }

    // A megabyte an image.
    private static Action StepOf(int batch) => () =>
    {
        using (MemoryScope.Enter())
            Tensor.Empty([batch, 1 << 18]);
    };
}
