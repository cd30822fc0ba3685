using PolaFormer.Models;

namespace PolaFormer.Checkpoints.Tests;

public class ModelLoaderTests
{
    [Fact]
    public void StrictLoadNamesTheDifferencesAndChangesNothing()
    {
        VisionModel source = ModelRegistry.Find("polaformer_pp_cifar").Create(new ModelOptions { NumClasses = 7 });
        source.Initialize(1);
        using Checkpoint checkpoint = Saved(source, out string path);
        try
        {
            VisionModel target = ModelRegistry.Find("polaformer_pp_cifar").Create();
            target.Initialize(2);
            float[] before = target.Parameters().First().ToArray();
            var error = Assert.Throws<CheckpointException>(() => ModelLoader.LoadStrict(target, checkpoint));
            Assert.Contains("head.weight (7, 256, 1, 1) for (10, 256, 1, 1)", error.Message, StringComparison.Ordinal);
            Assert.Equal(before, target.Parameters().First().ToArray());

            LoadReport report = ModelLoader.LoadPartial(target, checkpoint);
            Assert.Equal(2, report.Mismatched.Count);
            Assert.Equal(source.Parameters().First().ToArray(), target.Parameters().First().ToArray());
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void DescriptionSurvivesTheFile()
    {
        var description = new ModelDescription { Model = "polaformer_pp_cifar", ImageSize = 32, Labels = ["a", "b\"c"], Mean = [0.1f, 0.2f, 0.3f], CenterCrop = false, Top1 = 0.75, Epoch = 9 };
        string path = Path.GetTempFileName();
        try
        {
            SafetensorsWriter.Write(path, [new CheckpointTensor("x", [1], new float[1])], description.ToMetadata());
            using Checkpoint checkpoint = Checkpoint.Open(path);
            ModelDescription read = ModelDescription.From(checkpoint)!;
            Assert.Equal(description.Labels, read.Labels);
            Assert.Equal(description.Mean, read.Mean);
            Assert.Equal((description.Model, description.ImageSize, description.CenterCrop, description.Top1, description.Epoch), (read.Model, read.ImageSize, read.CenterCrop, read.Top1, read.Epoch));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static Checkpoint Saved(VisionModel model, out string path)
    {
        path = Path.GetTempFileName();
        SafetensorsWriter.Write(path, model.StateDict().Select(item => new CheckpointTensor(item.Name, item.Tensor.DType, item.Tensor.Shape, item.Tensor.AsBytes().ToArray())));
        return Checkpoint.Open(path);
    }
}
