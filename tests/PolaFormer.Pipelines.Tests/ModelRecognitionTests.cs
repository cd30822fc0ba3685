using PolaFormer.Checkpoints;
using PolaFormer.Checkpoints.Tests;
using PolaFormer.Models;
using PolaFormer.Tensors;

namespace PolaFormer.Pipelines.Tests;

/// <summary>Which network a checkpoint is of, told from names and shapes alone.</summary>
public class ModelRecognitionTests
{
    [Theory]
    [InlineData("polaformer_pp_cifar", 32, 7)]
    [InlineData("pola_pvt_tiny", 64, 10)]
    [InlineData("deit_tiny", 64, 10)]
    [InlineData("deit_tiny_distilled", 64, 10)]
    [InlineData("pvt_tiny", 96, 5)]
    [InlineData("pvt_v2_b0", 224, 10)]
    [InlineData("pola_pvt_v2_b0", 224, 10)]
    public void TheModelItsClassesAndItsResolutionAreFound(string name, int imageSize, int numClasses)
    {
        VisionModel model = ModelRegistry.Find(name).Create(new ModelOptions { ImageSize = imageSize, NumClasses = numClasses });
        model.Initialize(1);
        using Checkpoint checkpoint = SavedModel.Open(model, tensor => [tensor]);
        (ModelEntry entry, ModelOptions options) = ModelRecognition.Recognize(checkpoint)!.Value;
        Assert.Equal((name, imageSize, numClasses), (entry.Name, options.ImageSize, options.NumClasses));

        VisionModel copy = ModelRecognition.Load(entry, options, checkpoint);
        foreach (((string tensor, Tensor expected), (_, Tensor actual)) in model.StateDict().Zip(copy.StateDict()))
            Assert.True(expected.AsBytes().SequenceEqual(actual.AsBytes()), tensor);
    }

    [Theory]
    [InlineData("module.")]
    [InlineData("student.module.backbone.")]
    public void NamesOfWrappersDoNotHideIt(string prefix)
    {
        VisionModel source = SavedModel.Made();
        using Checkpoint checkpoint = SavedModel.Renamed(source, name => prefix + name);
        (ModelEntry entry, ModelOptions options) = ModelRecognition.Recognize(checkpoint)!.Value;
        Assert.Equal(("polaformer_pp_cifar", 10), (entry.Name, options.NumClasses));
        SavedModel.AssertSameParameters(source, ModelRecognition.Load(entry, options, checkpoint));
    }

    [Fact]
    public void NamesOfNoWrapperDo()
    {
        using Checkpoint checkpoint = SavedModel.Renamed(SavedModel.Made(), name => "decoder." + name);
        Assert.Null(ModelRecognition.Recognize(checkpoint));
    }

    [Fact]
    public void TwoNetworksInOneStateDictAreNotChosenBetween()
    {
        using Checkpoint checkpoint = SavedModel.Open(SavedModel.Made(), tensor => [SavedModel.Named(tensor, "student." + tensor.Name), SavedModel.Named(tensor, "teacher." + tensor.Name)]);
        string message = Assert.Throws<CheckpointException>(() => ModelRecognition.Recognize(checkpoint)).Message;
        Assert.Contains("student.", message, StringComparison.Ordinal);
        Assert.Contains("teacher.", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("total_ops")]
    [InlineData("layers.0.blocks.0.total_params")]
    [InlineData("n_averaged")]
    public void CountersOfOtherProgramsDoNotHideIt(string name)
    {
        using Checkpoint checkpoint = SavedModel.Open(SavedModel.Made(), tensor => tensor.Name == "head.bias" ? [tensor, new CheckpointTensor(name, DType.Float64, [1], new byte[8])] : [tensor]);
        Assert.Equal("polaformer_pp_cifar", ModelRecognition.Recognize(checkpoint)?.Entry.Name);
    }

    [Fact]
    public void CountersOfAnotherTypeDoNotHideIt()
    {
        using Checkpoint checkpoint = SavedModel.Open(SavedModel.Made(), tensor =>
            [tensor.Name.EndsWith("num_batches_tracked", StringComparison.Ordinal) ? new CheckpointTensor(tensor.Name, [1], new float[1]) : tensor]);
        Assert.Equal("polaformer_pp_cifar", ModelRecognition.Recognize(checkpoint)?.Entry.Name);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ASmallFileCannotAskForLargeConstants(bool hasOnesOfAnotherShape)
    {
        var config = new SwinConfig { ImageSize = 512, NumClasses = 3, EmbedDim = 8, Depths = [1], NumHeads = [1], WindowSize = 128, SoftmaxWindowSize = 128, AttnType = "S" };
        using IDisposable meta = new MetaDevice().Use();
        (string Name, Tensor Tensor)[] state = [.. new Swin(config).StateDict()];
        string path = Path.GetTempFileName();
        SafetensorsWriter.Write(path, state.Where(entry => hasOnesOfAnotherShape || !IsConstant(entry.Name))
            .Select(entry => new CheckpointTensor(entry.Name, entry.Tensor.DType, IsConstant(entry.Name) ? [1] : entry.Tensor.Shape, (_, destination) => destination.Clear())));
        using Checkpoint checkpoint = Checkpoint.Open(path);
        File.Delete(path);
        Assert.Contains("constants of", Assert.Throws<CheckpointException>(() => ModelRecognition.Load(new ModelEntry("test", config), new ModelOptions(), checkpoint)).Message, StringComparison.Ordinal);
    }

    private static bool IsConstant(string name) => name.EndsWith("relative_position_index", StringComparison.Ordinal) || name.EndsWith("attn_mask", StringComparison.Ordinal);
}
