namespace PolaFormer.Checkpoints.Tests;

/// <summary>The description in a checkpoint comes from outside: every value is checked before it is used.</summary>
public class ModelDescriptionTests
{
    [Theory]
    [InlineData("labels", "null", "labels")]
    [InlineData("labels", "[\"a\", null]", "label 1")]
    [InlineData("labels", "{}", "")]
    [InlineData("labels", "[1, 2]", "")]
    [InlineData("labels", "\"a\"", "")]
    [InlineData("labels", "[\"\\ud800\"]", "")]
    [InlineData("labels", "", "")]
    [InlineData("mean", "null", "mean")]
    [InlineData("mean", "[0.5, 0.5]", "mean")]
    [InlineData("mean", "[0.5, null, 0.5]", "")]
    [InlineData("mean", "[0.5, 1e39, 0.5]", "mean")]
    [InlineData("mean", "[0.5, \"NaN\", 0.5]", "")]
    [InlineData("mean", "0.5", "")]
    [InlineData("std", "null", "std")]
    [InlineData("std", "[0, 0, 0]", "std")]
    [InlineData("std", "[0.2, 0.2, -0.2]", "std")]
    [InlineData("std", "[0.2, 1e-30, 0.2]", "std")]
    [InlineData("std", "[]", "std")]
    [InlineData("image_size", "8192", "image_size")]
    [InlineData("image_size", "0", "image_size")]
    [InlineData("image_size", "-32", "image_size")]
    [InlineData("image_size", "99999999999", "")]
    [InlineData("image_size", "32.5", "")]
    [InlineData("top1", "high", "")]
    [InlineData("epoch", "4294967296", "")]
    public void AWrongValueIsNamed(string key, string value, string said)
    {
        var metadata = new Dictionary<string, string>(new ModelDescription { Model = "polaformer_pp_cifar", ImageSize = 32 }.ToMetadata()) { [key] = value };
        using Checkpoint checkpoint = SavedModel.Open(SavedModel.Made(), tensor => [tensor], metadata);
        string message = Assert.Throws<CheckpointException>(() => ModelDescription.From(checkpoint)).Message;
        Assert.Contains("description", message, StringComparison.Ordinal);
        Assert.Contains(said, message, StringComparison.Ordinal);
    }
}
