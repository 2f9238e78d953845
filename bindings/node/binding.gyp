# `npm install` runs install.js, which runs node-gyp with this.
{
  'targets': [{
    'target_name': 'sipdialer',
    'sources': ['<!@(node find.js sources)'],
    'include_dirs': ['<!@(node find.js includes)'],
    'defines': ['_GNU_SOURCE'],
    'cflags': ['-std=c11', '-Wall', '-Wextra', '-fvisibility=hidden'],
    'libraries': ['<!@(node find.js libraries)'],
    # the library of a checkout, which the addon finds beside itself
    'copies': [{
      'destination': '<(PRODUCT_DIR)',
      'files': ['<!@(node find.js bundle)'],
    }],
  }],
}
