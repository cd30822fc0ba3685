namespace PolaFormer.Segmentation.Data;

/// <summary>ADE20K as ADEChallengeData2016 unpacks: <c>images/SPLIT</c> and <c>annotations/SPLIT</c>, in whose masks 0 is other and classes count from 1.</summary>
public static class Ade20KFolder
{
    /// <summary>Opens a part of the data set.</summary>
    /// <param name="root">The folder with <c>images</c> and <c>annotations</c>.</param>
    /// <param name="split"><c>training</c> or <c>validation</c>.</param>
    /// <exception cref="Vision.ImageException">A folder or a mask is missing; the message names it.</exception>
    public static ISegmentationDataset Open(string root, string split) => MaskFolder.Open(
        Path.Combine(root, "images", split),
        Path.Combine(root, "annotations", split),
        new MaskFolderOptions { ReduceZeroLabel = true, Classes = ClassNames.Ade20K.Names.Count });
}
