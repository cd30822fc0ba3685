namespace PolaFormer.Segmentation.Data;

/// <summary>COCO-Stuff (Caesar et al., CVPR 2018): <c>images/SPLIT</c> and the masks of its pixel maps, <c>annotations/SPLIT</c>, whose values are classes.</summary>
public static class CocoStuffFolder
{
    /// <summary>Opens a part of the data set.</summary>
    /// <param name="root">The folder with <c>images</c> and <c>annotations</c>.</param>
    /// <param name="split"><c>train2017</c> or <c>val2017</c>.</param>
    /// <param name="useTrainingIds">Whether the masks are mmsegmentation's converted ones, <c>NAME_labelTrainIds.png</c>.</param>
    /// <exception cref="Vision.ImageException">A folder or a mask is missing; the message names it.</exception>
    public static ISegmentationDataset Open(string root, string split, bool useTrainingIds = true) => MaskFolder.Open(
        Path.Combine(root, "images", split),
        Path.Combine(root, "annotations", split),
        new MaskFolderOptions { MaskSuffix = useTrainingIds ? "_labelTrainIds" : "" });
}
